#include "fetch/names.hpp"

#include <charconv>

#include "base/printable.hpp"

namespace concdemo::fetch {
namespace {

std::string percent_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    const bool is_coded =
        text[i] == '%' && text.size() - i > 2 && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    result += is_coded ? static_cast<char>(byte) : text[i];
    if (is_coded) i += 2;
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
