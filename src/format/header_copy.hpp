#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/file_header.hpp"

// One of the two copies of a file's header, as text: a first line with the format's number, a line of JSON, blanks, and
// a seal, the checksum of all before it.
namespace concdemo::header_copy {

constexpr std::uint64_t format = 1;
constexpr std::string_view magic = "concdemo file 1\n";  // "concdemo file ", the format's number, newline
constexpr std::string_view seal_word = "checksum ";
constexpr std::size_t seal_bytes = seal_word.size() + 16 + 1;  // the word, hex digits, newline
constexpr std::uint64_t min_bytes = 2048;
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 26;

std::string seal(std::string_view text);

// The number in the first line; nothing where it is no first line of ours.
std::optional<std::uint64_t> format_of(std::string_view text);

struct Parsed {
  std::optional<FileHeader> header;
  std::string damage;       // why there is none, though the seal is right
  std::uint64_t newer = 0;  // the format of a later version, rightly sealed
  bool is_sealed() const { return header || !damage.empty() || newer > 0; }
};

// What `text`, the whole of a copy, says. Nothing is believed that the header contradicts itself in; whether the file
// is as long as it says is the caller's to see. Takes time and memory in proportion to the text alone.
Parsed parse(std::string_view text);

}  // namespace concdemo::header_copy
