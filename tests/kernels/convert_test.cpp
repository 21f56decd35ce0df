#include "kernels/convert.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/convert_cases.hpp"

using namespace concdemo;
using namespace convert_cases;
using test::canonical_nan;

namespace {

constexpr auto int64_lowest = std::numeric_limits<std::int64_t>::min();

// Random bit patterns, block boundaries crossed, both orders, out of place and in place.
template <class T>
void check_type() {
  std::mt19937_64 random(sizeof(T) + 17 * std::is_signed_v<T>);
  std::vector<T> values(1543);
  for (T& value : values) {
    const std::uint64_t element = random() >> (random() % 64);
    std::memcpy(&value, &element, sizeof(T));
  }
  values[0] = std::numeric_limits<T>::lowest();
  values[1] = std::numeric_limits<T>::max();
  for (const bool big_endian : {false, true}) {
    const auto result = converted(values, format_of<T>(big_endian));
    std::vector<double> in_place(values.size());
    const auto bytes = stored(values, big_endian);
    auto* tail = reinterpret_cast<std::byte*>(in_place.data() + values.size()) - values.size() * sizeof(T);
    std::memcpy(tail, bytes.data() + 1, values.size() * sizeof(T));
    convert_to_double(tail, format_of<T>(big_endian), {}, values.size(), in_place.data(), nullptr);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto expected = bits(static_cast<double>(values[i]));
      if (bits(result.values[i]) != expected || bits(in_place[i]) != expected || result.mask[i] != 0) {
        FAIL("element " << i << " big_endian " << big_endian << " size " << sizeof(T));
      }
    }
    CHECK(result.counts.missing == 0);
  }
}

}  // namespace

TEST_CASE("every stored type converts as the language does, in either byte order and in place") {
  check_type<std::int8_t>();
  check_type<std::uint8_t>();
  check_type<std::int16_t>();
  check_type<std::uint16_t>();
  check_type<std::int32_t>();
  check_type<std::uint32_t>();
  check_type<std::int64_t>();
  check_type<std::uint64_t>();
  check_type<float>();
  check_type<double>();
}

TEST_CASE("each of the 65536 halves has its value") {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  for (const bool big_endian : {false, true}) {
    const ElementFormat format{ElementKind::floating, 2, big_endian};
    const auto result = converted(halves, format);
    for (std::size_t i = 0; i < halves.size(); ++i) {
      const int exponent = static_cast<int>(i >> 10) & 31;
      const int fraction = static_cast<int>(i) & 1023;
      double expected = exponent == 0    ? std::ldexp(fraction, -24)
                        : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                         : std::ldexp(1024 + fraction, exponent - 25);
      if (i & 0x8000) expected = -expected;
      const bool is_nan = std::isnan(expected);
      const bool right = is_nan ? std::isnan(result.values[i]) : bits(result.values[i]) == bits(expected);
      if (!right) FAIL("half " << i << " big_endian " << big_endian << " gave " << result.values[i]);
      if (!is_nan && element_bits(expected, format) != i) FAIL("half " << i << " is not encoded back");
    }
  }
}

TEST_CASE("a signalling float64 NaN keeps its bits; a missing one becomes the canonical NaN") {
  const std::vector<std::uint64_t> raw = {0xfff0000000000123, 0x7ff8000000000042, 0x3ff0000000000000};
  const ElementFormat format{ElementKind::floating, 8, true};
  const auto kept = converted(raw, format);
  for (std::size_t i = 0; i < raw.size(); ++i) CHECK(bits(kept.values[i]) == raw[i]);
  Packing packing;
  packing.missing = {0x7ff8000000000000};
  const auto left_out = converted(raw, format, packing);
  CHECK(left_out.counts.missing == 2);
  CHECK(bits(left_out.values[0]) == canonical_nan);
  CHECK(bits(left_out.values[1]) == canonical_nan);
  CHECK(left_out.values[2] == 1.0);
  CHECK(left_out.mask == std::vector<std::uint8_t>{1, 1, 0});
}

TEST_CASE("missing elements are compared as stored, before scaling, by any of several values") {
  const std::vector<std::int16_t> raw = {-32767, 0, 10, -1, 32767};
  Packing packing;
  packing.scaled = true;
  packing.scale = 0.5;
  packing.offset = -32772.0;  // 10 becomes -32767: a value, not missing
  const auto format = format_of<std::int16_t>(true);
  packing.missing = {*element_bits(std::int64_t{-32767}, format), *element_bits(std::int64_t{-1}, format)};
  const auto result = converted(raw, format, packing);
  CHECK(result.mask == std::vector<std::uint8_t>{1, 0, 0, 1, 0});
  CHECK(result.counts.missing == 2);
  CHECK(bits(result.values[0]) == canonical_nan);
  CHECK(result.values[2] == -32767.0);
  CHECK(result.values[4] == 32767 * 0.5 - 32772.0);
  packing.missing = {bits(0.0)};
  CHECK(converted(std::vector<double>{-0.0, 0.0, 1.0}, format_of<double>(), packing).counts.missing == 2);
}

TEST_CASE("scaling rounds twice") {
  // fma(x, x', c) would keep the low half of the product.
  const double x = 1.0 + 0x1p-30;
  Packing packing;
  packing.scaled = true;
  packing.scale = x;
  packing.offset = -(1.0 + 0x1p-29);
  const auto result = converted(std::vector<double>(600, x), format_of<double>(), packing);
  CHECK(std::fma(x, x, packing.offset) == 0x1p-60);
  for (const double value : result.values) {
    if (!(value == 0.0)) FAIL(value);
  }
}

TEST_CASE("integers that float64 cannot hold are counted, missing ones not") {
  constexpr std::int64_t limit = std::int64_t{1} << 53;
  constexpr auto int64_highest = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> values = {limit,     limit + 1,    -limit,           -limit - 1,
                                            limit + 2, int64_lowest, int64_lowest + 1, int64_highest};
  CHECK(converted(values, format_of<std::int64_t>()).counts.inexact == 4);
  Packing packing;
  packing.missing = {*element_bits(limit + 1, format_of<std::int64_t>())};
  CHECK(converted(values, format_of<std::int64_t>(true), packing).counts.inexact == 3);
  const std::vector<std::uint64_t> large = {~std::uint64_t{0}, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1};
  CHECK(converted(large, format_of<std::uint64_t>()).counts.inexact == 2);
  CHECK(converted(std::vector<float>(3, 1e30f), format_of<float>()).counts.inexact == 0);
}

TEST_CASE("element_bits refuses what a format cannot hold and rounds floats") {
  const auto int8 = format_of<std::int8_t>();
  const auto uint8 = format_of<std::uint8_t>();
  CHECK(element_bits(std::int64_t{-128}, int8) == 0x80u);
  CHECK_FALSE(element_bits(std::int64_t{-129}, int8));
  CHECK_FALSE(element_bits(std::int64_t{128}, int8));
  CHECK(element_bits(std::uint64_t{255}, uint8) == 255u);
  CHECK_FALSE(element_bits(std::int64_t{-1}, uint8));
  CHECK(element_bits(-999.0, format_of<std::int16_t>()) == 0xfc19u);
  CHECK_FALSE(element_bits(-999.5, format_of<std::int16_t>()));
  CHECK_FALSE(element_bits(NAN, format_of<std::int64_t>()));
  CHECK_FALSE(element_bits(INFINITY, format_of<std::uint64_t>()));
  CHECK(element_bits(0x1p63, format_of<std::uint64_t>()) == std::uint64_t{1} << 63);
  CHECK_FALSE(element_bits(0x1p63, format_of<std::int64_t>()));
  CHECK_FALSE(element_bits(0x1p64, format_of<std::uint64_t>()));
  CHECK(element_bits(int64_lowest, format_of<std::int64_t>()) == std::uint64_t{1} << 63);
  CHECK(element_bits(-999.9, format_of<float>()) == std::bit_cast<std::uint32_t>(-999.9f));
  CHECK_FALSE(element_bits(1e39, format_of<float>()));
  CHECK(element_bits(INFINITY, format_of<float>()) == 0x7f800000u);
  const ElementFormat half{ElementKind::floating, 2, false};
  CHECK(element_bits(65519.0, half) == 0x7bffu);
  CHECK_FALSE(element_bits(65520.0, half));
  CHECK(element_bits(1.0 + 0x1p-11, half) == 0x3c00u);    // a tie goes to even
  CHECK(element_bits(1.0 + 0x1.8p-10, half) == 0x3c02u);  // and up
  CHECK(element_bits(0x1p-25, half) == 0u);               // half of the smallest subnormal
  CHECK(element_bits(1.5 * 0x1p-25, half) == 1u);
  CHECK(element_bits(0x1.ff8p-15, half) == 0x03ffu);  // the largest subnormal
  CHECK(element_bits(0x1.ffcp-15, half) == 0x0400u);  // a tie up into the normal range
}

TEST_CASE("a format that does not exist is refused") {
  double out = 0;
  const std::byte raw[16] = {};
  CHECK_THROWS_AS(convert_to_double(raw, {ElementKind::floating, 1, false}, {}, 1, &out, nullptr),
                  std::invalid_argument);
  CHECK_THROWS_AS(convert_to_double(raw, {ElementKind::signed_integer, 3, false}, {}, 1, &out, nullptr),
                  std::invalid_argument);
}
