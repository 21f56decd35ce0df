#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/printable.hpp"

namespace concdemo {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Three significant digits; `trim` drops zeros after the point.
std::string three_digits(double value, bool trim) {
  const double size = std::fabs(value);
  std::string text = fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  if (trim && text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

// Divides by `base` until three digits are enough to show the value, and appends that prefix.
std::string with_prefix(double value, double base, const std::array<std::string_view, 7>& prefixes, bool trim) {
  std::size_t i = 0;
  for (; std::fabs(value) >= base - 0.5 && i + 1 < prefixes.size(); ++i) value /= base;
  return three_digits(value, trim) + std::string(prefixes[i]);
}

// Edits (insert, delete, replace, swap two neighbours) that turn a into b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string format_list(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += last == i ? fmt::format("{}", numbers[i]) : fmt::format("{}-{}", numbers[i], numbers[last]);
    i = last + 1;
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

std::optional<int> parse_plain_int(std::string_view text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || text.front() == '-') return std::nullopt;
  return value;
}

std::optional<std::vector<int>> parse_list(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::vector<int> numbers;
  if (text.empty()) return numbers;
  for (const std::string_view item : split(text, ',')) {
    const std::size_t dash = item.find('-');
    const auto first = parse_plain_int(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_plain_int(item.substr(dash + 1));
    constexpr int limit = 1 << 20;  // CPUs; a damaged list must not fill the memory
    if (!first || !last || *last < *first || *last >= limit) return std::nullopt;
    for (int number = *first; number <= *last; ++number) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

std::string format_seconds(double seconds) {
  const double size = std::fabs(seconds);
  if (!(size < 99.95)) {
    if (!(size < 1e15)) return fmt::format("{} s", seconds);
    const auto whole = static_cast<long long>(std::llround(size));
    const char* sign = seconds < 0 ? "-" : "";
    if (whole < 3600) return fmt::format("{}{} min {} s", sign, whole / 60, whole % 60);
    return fmt::format("{}{} h {} min", sign, whole / 3600, whole % 3600 / 60);
  }
  if (size == 0) return "0 s";
  if (size >= 0.9995) return three_digits(seconds, false) + " s";
  if (size >= 0.9995e-3) return three_digits(seconds * 1e3, false) + " ms";
  if (size >= 0.9995e-6) return three_digits(seconds * 1e6, false) + " us";
  return three_digits(seconds * 1e9, false) + " ns";
}

std::string format_bytes(std::uint64_t bytes) {
  return with_prefix(static_cast<double>(bytes), 1024, {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"}, true);
}

std::string format_count(std::uint64_t count) {
  if (count < 100'000) return fmt::format("{}", count);
  return with_prefix(static_cast<double>(count), 1000, {"", " k", " M", " G", " T", " P", " E"}, true);
}

std::string format_rate(double per_second, std::string_view unit) {
  return with_prefix(per_second, 1000, {" ", " k", " M", " G", " T", " P", " E"}, false) + std::string(unit);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+:,./%@";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  // bash reads the escapes of printable() in $'...', where backslashes are escaped themselves.
  const bool escaped = printable(word) != word;
  std::string text;
  for (const char letter : word) {
    if (letter == '\'') text += escaped ? "\\'" : "'\\''";
    else if (letter == '\\' && escaped) text += "\\\\";
    else text += letter;
  }
  return (escaped ? "$'" + printable(text) : "'" + text) + "'";
}

std::string hex16(double value) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(value)); }

std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string>& names) {
  if (word.empty() || word.size() > 64) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    const bool near = distance <= std::max<std::size_t>(1, std::min(word.size(), name.size()) / 3);
    const bool beginning = word.size() >= 3 && name.starts_with(word);
    if ((near || beginning) && (!best || distance < best_distance)) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace concdemo
