#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace concdemo::http {

// Looks at the lines of headers and trailers of one request, through all its answers (interim ones, redirects, the
// last), before libcurl acts upon them: libraries of some versions keep all of them in memory, or take a wrong length
// for good.
class HeaderLines {
 public:
  static constexpr std::size_t most_bytes = 256 << 10;  // of all answers together; real ones have a few thousand

  // Takes a line with its end; returns why the answer is refused, or nothing.
  std::string take(std::string_view line);

  // What the last answer's headers say.
  std::optional<std::uint64_t> length() const { return length_; }
  bool is_chunked() const { return chunked_; }

 private:
  std::string take_length(std::string_view value);

  std::size_t bytes_ = 0;
  bool in_headers_ = false;  // else trailers
  bool chunked_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace concdemo::http
