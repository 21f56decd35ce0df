#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace concdemo {
namespace {

struct Interval {
  char32_t first, last;
};

// Control and format characters of Unicode that a terminal acts upon or shows nothing of.
constexpr std::array<Interval, 11> unprintable{{{0x00, 0x1f},
                                                {0x7f, 0x9f},
                                                {0xad, 0xad},
                                                {0x61c, 0x61c},
                                                {0x180e, 0x180e},
                                                {0x200b, 0x200f},
                                                {0x2028, 0x202e},
                                                {0x2060, 0x206f},
                                                {0xfeff, 0xfeff},
                                                {0xfff9, 0xfffb},
                                                {0xe0000, 0xe007f}}};

// Of a sequence by its first byte: its length, and the least code that needs so many bytes; length 0 of no first byte.
struct Lead {
  std::size_t bytes;
  char32_t bits, least;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xe0) == 0xc0) return {2, byte & 0x1fU, 0x80};
  if ((byte & 0xf0) == 0xe0) return {3, byte & 0x0fU, 0x800};
  if ((byte & 0xf8) == 0xf0) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

std::string escaped(const Character& character, unsigned char byte) {
  if (!character.is_well_formed) return fmt::format("\\x{:02x}", byte);
  switch (character.code) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  if (character.code < 0x20) return fmt::format("\\x{:02x}", byte);
  if (character.code < 0x10000) return fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code));
  const auto beyond = static_cast<std::uint32_t>(character.code) - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (beyond >> 10), 0xdc00 + (beyond & 0x3ff));
}

std::string escaped(std::string_view text, bool keeps_newlines) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool stays = character.is_printable || (keeps_newlines && text[at] == '\n');
    if (stays) {
      result += text.substr(at, character.bytes);
    } else {
      result += escaped(character, static_cast<unsigned char>(text[at]));
    }
    at += character.bytes;
  }
  return result;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto [bytes, bits, least] = lead_of(static_cast<unsigned char>(text[at]));
  if (bytes == 0 || bytes > text.size() - at) return {};
  char32_t code = bits;
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xc0) != 0x80) return {};
    code = code << 6 | (byte & 0x3fU);
  }
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least || code > 0x10ffff || is_surrogate) return {};
  const auto holds = [code](const Interval& range) { return code >= range.first && code <= range.last; };
  return {code, bytes, true, std::none_of(unprintable.begin(), unprintable.end(), holds)};
}

std::string printable(std::string_view text) { return escaped(text, false); }

std::string printable_lines(std::string_view text) { return escaped(text, true); }

}  // namespace concdemo
