#include "lessons/mistake_sources.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "mistake_lines.hpp"

namespace concdemo {
namespace {

// A directive stands at the left edge whatever surrounds it.
std::string without_indentation(const std::string& text) {
  std::size_t indentation = std::string::npos;
  std::vector<std::string> lines;
  std::istringstream input(text);
  for (std::string line; std::getline(input, line); lines.push_back(line)) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos && line[0] != '#') indentation = std::min(indentation, first);
  }
  std::string result;
  for (const std::string& line : lines) {
    result += line.substr(line.starts_with('#') ? 0 : std::min(indentation, line.size())) + "\n";
  }
  return result;
}

}  // namespace

ShownLines shown_lines(std::string_view name) {
  const std::string marker = "// shown: " + std::string(name) + "\n";
  ShownLines found;
  for (const auto& [file, text] : generated::sources) {
    const auto before = text.find(marker);
    if (before == std::string_view::npos) continue;
    const auto begin = before + marker.size(), end = text.find("// shown end", begin);
    if (end == std::string_view::npos || end > text.find("// shown: ", begin) || found.first_line > 0) {
      throw std::out_of_range("source lines named " + std::string(name) + " have no end, or stand in two files");
    }
    found.file = file;
    found.first_line =
        1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    found.text = without_indentation(std::string(text.substr(begin, text.rfind('\n', end) + 1 - begin)));
  }
  if (found.first_line == 0) throw std::out_of_range("no source lines named " + std::string(name));
  return found;
}

}  // namespace concdemo
