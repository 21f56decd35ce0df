#pragma once
#include <string>
#include <string_view>

// The source lines that a lesson shows: taken out of the files of this folder when the program is built
// (mistake_sources.cmake), so that what is read is what ran.
namespace concdemo {

struct ShownLines {
  std::string_view file;  // from the project's root
  int first_line = 0;
  std::string text;  // without the indentation that all lines have
};

// The lines between "// shown: NAME" and "// shown end". Throws std::out_of_range for a name without lines.
ShownLines shown_lines(std::string_view name);

}  // namespace concdemo
