#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/shape.hpp"

// Numbers from and to the text of the command line. Errors are usage Errors that name the value, not the option.
namespace concdemo {

// "10", "5k", "2.5M", "1e6": suffixes k M G T P in either case, powers of 1000. A whole number below 2^64.
std::uint64_t parse_count(std::string_view text);

// "N", "NxM", "MxKxN", ... up to 8 counts; an extent of 0 is allowed. Slowest dimension first.
Shape parse_size(std::string_view text);

// "4096", "1.5 GiB", "64MB", "64k": k, kB are powers of 1000, Ki, KiB powers of 1024; parts of a byte are cut off.
std::uint64_t parse_bytes(std::string_view text);

// "90", "90s", "1.5min", "2h": seconds, above 0 and below a year.
double parse_seconds(std::string_view text);

// "1,2.5,nan,-inf,-0,0x1p-1074", correctly rounded whatever the locale; every NaN becomes 0x7ff8000000000000. A number
// beyond the range of float64 at either end is refused, not turned into inf or 0.
std::vector<double> parse_values(std::string_view text);

double parse_number(std::string_view text);  // one such

// Runs one of these parsers on an option's value; its error then names the option.
template <class Parse>
auto parse_option(const std::string& option, const std::string& value, Parse parse) {
  try {
    return parse(value);
  } catch (const Error& error) { throw Error(error.code, option + ": " + error.what()); }
}

// "0-3,8" <-> {0, 1, 2, 3, 8}: the kernel's lists of CPUs. format_list takes ascending numbers; parse_list gives
// nothing for a malformed list.
std::string format_list(const std::vector<int>& numbers);
std::optional<std::vector<int>> parse_list(std::string_view text);

// What stands before, between and after the separators: "a,,b" is "a", "", "b"; an empty text is one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

// A whole number from 0 to 2^31 - 1 in plain digits, or nothing: for variables that other programs set.
std::optional<int> parse_plain_int(std::string_view text);

// Three significant digits for people: "12.3 ms", "3 min 20 s"; "1.25 GiB"; "10 M" (plain digits below 100,000);
// format_rate(17.2e9, "B/s") is "17.2 GB/s".
std::string format_seconds(double seconds);
std::string format_bytes(std::uint64_t bytes);
std::string format_count(std::uint64_t count);
std::string format_rate(double per_second, std::string_view unit);

// "1 value", "3 values": a count and its noun.
std::string counted(std::uint64_t count, std::string_view noun);

// A word as a shell takes it, whatever bytes it holds: plain.h5, 'two words.h5', $'a\nb.h5'.
std::string shell_word(std::string_view word);

// 16 hexadecimal digits of the IEEE bits: 1.0 is "3ff0000000000000".
std::string hex16(double value);

// The member of `names` that `word` is most likely a misspelling of, if one is near enough.
std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace concdemo
