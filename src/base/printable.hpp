#pragma once
#include <cstddef>
#include <string>
#include <string_view>

// Text from outside (names, arguments, lists, headers, the environment) as a person may see it. What is not printable:
// control characters, those that reverse the text, join lines or have no width (U+202E, U+2028, U+200B, ...), and bytes
// that are not UTF-8.
namespace concdemo {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool is_well_formed = false;  // else one byte, and no code
  bool is_printable = false;
};
Character character_at(std::string_view text, std::size_t at);  // at < text.size()

// One line: what is not printable stands as \n, \r, \t, \x1b (control characters below U+0020, and bytes that are not
// UTF-8) or as \u202e (the others, as in JSON, so that a JSON text keeps its meaning). A text that is printable already
// comes back as it is.
std::string printable(std::string_view text);

// The same, but newlines stay: for texts of several lines of our own, whose parts from outside are printable.
std::string printable_lines(std::string_view text);

}  // namespace concdemo
