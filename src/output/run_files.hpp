#pragma once
#include <string>
#include <vector>

namespace concdemo {

// The files that a run reads and writes, by the names that a person gave.
struct RunFiles {
  std::vector<std::string> inputs;
  std::string output;  // empty: none
  std::string record;  // empty: none
};

// Throws usage Error where two of them are one file, whatever its names, or one of them is what the run makes beside
// the output (FILE.partial and so on). Inputs may be the same. For one rank.
void require_apart(const RunFiles& files);

// Whether two paths name one file: links are followed, and of files that are not there yet the folders count.
bool is_same_file(const std::string& a, const std::string& b);

}  // namespace concdemo
