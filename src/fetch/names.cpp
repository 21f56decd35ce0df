#include "fetch/names.hpp"

#include <algorithm>
#include <optional>

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

// Bytes of the well-formed UTF-8 character at the front that is no control character; 0 when there is none.
std::size_t printable_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool control = first == 0xc2 && byte(1) < 0xa0;  // U+0080 to U+009F
  const bool direction = first == 0xe2 && ((byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||  // line ends and
                                           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9));   // reversed text
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool beyond =
      (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);  // surrogates; above U+10FFFF
  return control || direction || overlong || beyond ? 0 : length;
}

std::string made_harmless(const std::string& text) {
  std::string name;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = printable_length(text, at);
    const bool separator = text[at] == '/' || text[at] == '\\';
    if (name.size() + std::max<std::size_t>(length, 1) > longest_name) break;
    name += length == 0 || separator ? "_" : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
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
