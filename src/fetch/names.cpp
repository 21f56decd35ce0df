#include "fetch/names.hpp"

#include <optional>

#include "base/printable.hpp"

namespace concdemo::fetch {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return {};
}

std::string percent_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    result += low ? static_cast<char>(*high * 16 + *low) : text[i];
    if (low) i += 2;
  }
  return result;
}

std::string made_harmless(const std::string& text) {
  std::string name;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool separator = text[at] == '/' || text[at] == '\\';
    if (name.size() + character.bytes > longest_name) break;
    name += !character.is_printable || separator ? "_" : text.substr(at, character.bytes);
    at += character.bytes;
  }
  if (name.starts_with('.') || name.starts_with('-')) name[0] = '_';
  return name;
}

}  // namespace

std::string file_name(const std::string& url_path) {
  const std::string name = made_harmless(percent_decoded(url_path.substr(url_path.find_last_of('/') + 1)));
  return name.empty() ? "index" : name;
}

bool is_harmless(const std::string& name) { return !name.empty() && made_harmless(name) == name; }

}  // namespace concdemo::fetch
