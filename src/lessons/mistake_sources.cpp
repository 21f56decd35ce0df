#include "lessons/mistake_sources.hpp"

#include <algorithm>
#include <stdexcept>

#include "mistake_lines.hpp"

namespace concdemo {

ShownLines shown_lines(std::string_view name) {
  const auto found = std::find_if(std::begin(generated::shown), std::end(generated::shown),
                                  [&](const generated::Shown& each) { return each.name == name; });
  if (found == std::end(generated::shown)) throw std::out_of_range("no source lines named " + std::string(name));
  const auto next_line = [](std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
  };
  // A directive stands at the left edge whatever surrounds it.
  std::size_t indentation = std::string_view::npos;
  for (std::string_view rest = found->text; !rest.empty();) {
    const std::string_view line = next_line(rest);
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string_view::npos && line[0] != '#') indentation = std::min(indentation, first);
  }
  ShownLines lines{found->file, found->first_line, {}};
  for (std::string_view rest = found->text; !rest.empty();) {
    std::string_view line = next_line(rest);
    if (!line.starts_with('#')) line.remove_prefix(std::min(indentation, line.size()));
    lines.text += std::string(line) + "\n";
  }
  return lines;
}

}  // namespace concdemo
