#include "system/http_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/printable.hpp"
#include "base/text.hpp"

namespace concdemo::http {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

bool is_word(std::string_view text, std::string_view lowercase) {
  return std::equal(text.begin(), text.end(), lowercase.begin(), lowercase.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

std::string HeaderLines::take(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > most_bytes) return fmt::format("its headers are longer than {} bytes", most_bytes);
  if (line.starts_with("HTTP/")) {
    in_headers_ = true;
    chunked_ = false;
    length_.reset();
    return {};
  }
  if (!in_headers_) return {};
  if (trimmed(line).empty()) {
    in_headers_ = false;
    return {};
  }
  const auto colon = std::min(line.find(':'), line.size() - 1);
  const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (is_word(name, "transfer-encoding")) chunked_ = is_word(trimmed(value.substr(value.rfind(',') + 1)), "chunked");
  return is_word(name, "content-length") ? take_length(value) : std::string();
}

// Several equal ones, in lines or behind commas, are one (RFC 9110, 8.6).
std::string HeaderLines::take_length(std::string_view value) {
  for (const std::string_view part : split(value, ',')) {
    const auto text = trimmed(part);
    std::uint64_t bytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (error != std::errc() || end != text.data() + text.size() || bytes > most) {
      return fmt::format("its Content-Length '{:.60}' is no number of bytes", printable(value));
    }
    if (length_ && *length_ != bytes) return fmt::format("it says two Content-Lengths, {} and {}", *length_, bytes);
    length_ = bytes;
  }
  return {};
}

}  // namespace concdemo::http
