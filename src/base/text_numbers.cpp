#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"

namespace concdemo {
namespace {

__extension__ using Wide = unsigned __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Quoted for a message; a long value must not flood the terminal.
std::string quoted(std::string_view text) {
  std::size_t shown = 0;
  while (shown < std::min<std::size_t>(text.size(), 60)) shown += character_at(text, shown).bytes;
  return fmt::format("'{}{}'", printable(text.substr(0, shown)), text.size() > shown ? "..." : "");
}

// digits * 10^exponent, exactly, and what follows the number.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
  bool too_long = false;  // more significant digits than 64 bits hold
  std::string_view suffix;
};

std::optional<Decimal> scan_decimal(std::string_view text) {
  Decimal number;
  std::size_t at = 0;
  bool any = false;
  int held_zeros = 0;  // zeros are counted only when a digit follows: 1.000 is 1
  const auto take_digits = [&](bool fraction) {
    for (; at < text.size() && is_digit(text[at]); ++at, any = true) {
      if (fraction) --number.exponent;
      ++held_zeros;
      if (text[at] == '0') continue;
      for (; held_zeros > 0; --held_zeros) {
        constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
        const auto digit = held_zeros == 1 ? static_cast<std::uint64_t>(text[at] - '0') : 0;
        if (number.digits > (limit - digit) / 10) number.too_long = true;
        number.digits = number.digits * 10 + digit;
      }
    }
  };
  take_digits(false);
  if (at < text.size() && text[at] == '.') {
    ++at;
    take_digits(true);
  }
  if (!any) return std::nullopt;
  number.exponent += held_zeros;
  if (at + 1 < text.size() && lower(text[at]) == 'e' && (is_digit(text[at + 1]) || at + 2 < text.size())) {
    std::size_t after = at + 1;
    const bool negative = text[after] == '-';
    if (negative || text[after] == '+') ++after;
    if (after < text.size() && is_digit(text[after])) {
      int exponent = 0;
      for (; after < text.size() && is_digit(text[after]); ++after) {
        exponent = std::min(exponent * 10 + (text[after] - '0'), 100'000);
      }
      number.exponent += negative ? -exponent : exponent;
      at = after;
    }
  }
  number.suffix = text.substr(at);
  return number;
}

// The whole part of number * unit, or nothing when it does not fit; `whole` tells whether nothing was cut off.
std::optional<std::uint64_t> scaled(const Decimal& number, std::uint64_t unit, bool& whole) {
  whole = true;
  if (number.digits == 0 && !number.too_long) return 0;
  Wide value = Wide{number.digits} * unit;
  for (int i = 0; i < number.exponent; ++i) {
    value *= 10;
    if (value > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  }
  for (int i = 0; i > number.exponent && value != 0; --i) {
    whole = whole && value % 10 == 0;
    value /= 10;
  }
  if (number.too_long || value > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

// base^k for the k-th letter of "kmgtp", 1 for no letter.
std::optional<std::uint64_t> unit_of(std::string_view letter, std::uint64_t base) {
  if (letter.empty()) return 1;
  constexpr std::string_view letters = "kmgtp";
  const std::size_t position = letters.find(lower(letter[0]));
  if (letter.size() > 1 || position == std::string_view::npos) return std::nullopt;
  std::uint64_t unit = 1;
  for (std::size_t i = 0; i <= position; ++i) unit *= base;
  return unit;
}

constexpr std::string_view count_help = "give a whole number such as 1000, 5k, 2.5M or 1e6 (k M G T P: powers of 1000)";
constexpr std::string_view bytes_help = "give a number of bytes such as 4096, 64MB or 1.5GiB";

// `what` stands before the text where it is refused.
double parse_value(std::string_view text, const std::string& what) {
  const auto refuse = [&](std::string_view why) { return usage_error(fmt::format("{} {}", what, why)); };
  std::string_view digits = trimmed(text);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative || (!digits.empty() && digits.front() == '+')) digits.remove_prefix(1);
  const bool hex = digits.size() > 2 && digits[0] == '0' && lower(digits[1]) == 'x';
  if (hex) digits.remove_prefix(2);
  double value = 0;
  const char* end = digits.data() + digits.size();
  if (digits.empty() || digits.front() == '-') throw refuse("is not a number; give e.g. 1,2.5,nan,-inf,0x1p-3");
  const auto result =
      std::from_chars(digits.data(), end, value, hex ? std::chars_format::hex : std::chars_format::general);
  if (result.ec == std::errc::result_out_of_range && result.ptr == end) {
    throw refuse("is outside the range of float64 (4.94e-324 to 1.797e308); write inf or 0 if that is meant");
  }
  // "0xinf" is none, and from_chars takes nan(...) with a payload, which no result could keep.
  const bool word_in_hex = hex && !std::isfinite(value);
  if (result.ec != std::errc{} || result.ptr != end || word_in_hex || digits.back() == ')') {
    throw refuse("is not a number; give e.g. 1,2.5,nan,-inf,0x1p-3");
  }
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  return negative ? -value : value;
}

}  // namespace

std::uint64_t parse_count(std::string_view text) {
  const auto number = scan_decimal(text);
  const auto unit = number ? unit_of(number->suffix, 1000) : std::nullopt;
  if (!unit) throw usage_error(fmt::format("{} is not a count; {}", quoted(text), count_help));
  bool whole = true;
  const auto count = scaled(*number, *unit, whole);
  if (!count && number->exponent >= 0) {
    throw usage_error(fmt::format("{} is too large (2^64 - 1 at most)", quoted(text)));
  }
  if (!count || !whole) throw usage_error(fmt::format("{} is not a whole number; {}", quoted(text), count_help));
  return *count;
}

Shape parse_size(std::string_view text) {
  Shape shape;
  for (std::string_view rest = text;;) {
    const std::size_t cross = rest.find_first_of("xX");
    if (shape.size() == 8) throw usage_error(fmt::format("size {} has more than 8 dimensions", quoted(text)));
    try {
      shape.push_back(parse_count(rest.substr(0, cross)));
    } catch (const Error& error) {
      if (rest.size() == text.size() && cross == std::string_view::npos) throw;
      throw usage_error(fmt::format("size {}: {}", quoted(text), error.what()));
    }
    if (cross == std::string_view::npos) return shape;
    rest.remove_prefix(cross + 1);
  }
}

std::uint64_t parse_bytes(std::string_view text) {
  const auto number = scan_decimal(text);
  std::optional<std::uint64_t> unit;
  if (number) {
    std::string_view suffix = trimmed(number->suffix);
    if (!suffix.empty() && lower(suffix.back()) == 'b') suffix.remove_suffix(1);
    const bool binary = suffix.size() == 2 && suffix[1] == 'i';
    unit = unit_of(binary ? suffix.substr(0, 1) : suffix, binary ? 1024 : 1000);
  }
  if (!unit) throw usage_error(fmt::format("{} is not a number of bytes; {}", quoted(text), bytes_help));
  bool whole = true;
  const auto bytes = scaled(*number, *unit, whole);
  if (!bytes) throw usage_error(fmt::format("{} is too large (2^64 - 1 bytes at most)", quoted(text)));
  if (!whole && *unit == 1) throw usage_error(fmt::format("{} is not a whole number; {}", quoted(text), bytes_help));
  return *bytes;
}

double parse_seconds(std::string_view text) {
  double value = 0;
  const std::string_view number = trimmed(text);
  const auto result = std::from_chars(number.data(), number.data() + number.size(), value, std::chars_format::fixed);
  const auto unit = trimmed(number.substr(static_cast<std::size_t>(result.ptr - number.data())));
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  constexpr double year = 366 * 86400.0;
  if (result.ec != std::errc{} || !(value * factor > 0) || !(value * factor < year)) {
    throw usage_error(fmt::format("{}: give a time such as 90s, 5min or 1.5h", quoted(text)));
  }
  return value * factor;
}

double parse_number(std::string_view text) { return parse_value(text, quoted(text)); }

std::vector<double> parse_values(std::string_view text) {
  std::vector<double> values;
  for (const std::string_view value : split(text, ',')) {
    values.push_back(parse_value(value, fmt::format("value {} of the list, {},", values.size() + 1, quoted(value))));
  }
  return values;
}

}  // namespace concdemo
