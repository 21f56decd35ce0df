#include "kernels/convert.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace concdemo {

namespace {

constexpr std::size_t block_elements = 512;  // every pass over a block stays in the first cache level

template <class Bits>
constexpr Bits byte_swapped(Bits bits) {
  Bits swapped = 0;
  for (std::size_t byte = 0; byte < sizeof(Bits); ++byte) {
    swapped = static_cast<Bits>((swapped << (8 * (sizeof(Bits) > 1))) | (bits & 0xff));
    bits = static_cast<Bits>(bits >> (8 * (sizeof(Bits) > 1)));
  }
  return swapped;
}

// Half precision has no type of its own; float holds each of its values.
struct Half {};

float half_value(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu;
  const std::uint32_t fraction = bits & 0x3ffu;
  // Without branches, for the vectorizer: a subnormal is fraction * 2^-24; inf and NaN keep the highest exponent.
  const auto subnormal =
      std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(fraction)) * 0x1p-24f);
  const std::uint32_t rebias = exponent == 31 ? 255 - 31 : 127 - 15;
  const std::uint32_t normal = ((exponent + rebias) << 23) | (fraction << 13);
  return std::bit_cast<float>(sign | (exponent == 0 ? subnormal : normal));
}

template <class Stored>
struct Element {
  using Bits = std::conditional_t<
      sizeof(Stored) == 1, std::uint8_t,
      std::conditional_t<sizeof(Stored) == 2, std::uint16_t,
                         std::conditional_t<sizeof(Stored) == 4, std::uint32_t, std::uint64_t>>>;
  using Value = Stored;
  static Value value(Bits bits) { return std::bit_cast<Stored>(bits); }
};

template <>
struct Element<Half> {
  using Bits = std::uint16_t;
  using Value = float;
  static Value value(Bits bits) { return half_value(bits); }
};

template <class Value>
bool same_number(Value a, Value b) {
  return (a == b) | ((a != a) & (b != b));
}

// Integers of 8 bytes only: more than 53 bits from the first to the last one that is set.
template <class Value>
std::uint64_t count_inexact(const Value* values, const std::uint8_t* skip, std::size_t n) {
  std::uint64_t inexact = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = static_cast<std::uint64_t>(values[i]);
    const std::uint64_t magnitude = values[i] < 0 ? 0 - bits : bits;
    if (magnitude > std::uint64_t{1} << 53 && skip[i] == 0) {
      inexact += std::bit_width(magnitude) - std::countr_zero(magnitude) > 53;
    }
  }
  return inexact;
}

template <class Stored>
ConvertCounts convert(const std::byte* raw, bool swap, const Packing& packing, std::size_t n, double* out,
                      std::uint8_t* missing_mask) {
  using Bits = typename Element<Stored>::Bits;
  using Value = typename Element<Stored>::Value;
  std::vector<Value> missing_values;
  for (const std::uint64_t bits : packing.missing) {
    missing_values.push_back(Element<Stored>::value(static_cast<Bits>(bits)));
  }
  ConvertCounts counts;
  Bits bits[block_elements];
  Value values[block_elements];
  std::uint8_t missing[block_elements] = {};
  for (std::size_t begin = 0; begin < n; begin += block_elements) {
    const std::size_t count = std::min(block_elements, n - begin);
    std::memcpy(bits, raw + begin * sizeof(Bits), count * sizeof(Bits));
    if (swap) {
      for (std::size_t i = 0; i < count; ++i) bits[i] = byte_swapped(bits[i]);
    }
    for (std::size_t i = 0; i < count; ++i) values[i] = Element<Stored>::value(bits[i]);
    if (!missing_values.empty()) {
      std::fill_n(missing, count, std::uint8_t{0});
      for (const Value value : missing_values) {
        for (std::size_t i = 0; i < count; ++i) missing[i] |= static_cast<std::uint8_t>(same_number(values[i], value));
      }
    }
    if constexpr (std::is_integral_v<Value> && sizeof(Value) == 8) {
      counts.inexact += count_inexact(values, missing, count);
    }
    double* block = out + begin;
    for (std::size_t i = 0; i < count; ++i) block[i] = static_cast<double>(values[i]);
    if (packing.scaled) {
      for (std::size_t i = 0; i < count; ++i) block[i] = block[i] * packing.scale + packing.offset;
    }
    if (!missing_values.empty()) {
      constexpr double nan = std::numeric_limits<double>::quiet_NaN();
      std::uint32_t found = 0;
      for (std::size_t i = 0; i < count; ++i) found += missing[i];
      if (found != 0) {
        for (std::size_t i = 0; i < count; ++i) block[i] = missing[i] != 0 ? nan : block[i];
      }
      counts.missing += found;
    }
    if (missing_mask != nullptr) std::memcpy(missing_mask + begin, missing, count);
  }
  return counts;
}

std::uint64_t half_bits(double value) {
  const std::uint64_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  if (std::isinf(value)) return sign | 0x7c00;
  if (value == 0.0) return sign;
  const int exponent = std::max(std::ilogb(value), -14);
  // 11 bits, the implicit one included; rounding up to a 12th carries into the exponent field by itself.
  const auto fraction = static_cast<std::uint64_t>(std::nearbyint(std::ldexp(std::fabs(value), 10 - exponent)));
  return sign | ((static_cast<std::uint64_t>(exponent + 14) << 10) + fraction);
}

std::optional<std::uint64_t> float_bits(double value, int size) {
  if (size == 8) return std::bit_cast<std::uint64_t>(value);
  const double overflow = size == 2 ? 65520.0 : 0x1.ffffffp127;  // half a unit above the largest finite value
  if (std::isfinite(value) && std::fabs(value) >= overflow) return std::nullopt;
  if (size == 2) return half_bits(value);
  return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

// `negative` values are given as their two's complement.
std::optional<std::uint64_t> integer_bits(std::uint64_t bits, bool negative, ElementFormat format) {
  const int width = 8 * format.size;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
  const bool is_signed = format.kind == ElementKind::signed_integer;
  const std::uint64_t highest = is_signed ? mask >> 1 : mask;
  // -2^(width-1) is the lowest: its complement is the highest.
  if (negative ? !is_signed || ~bits > highest : bits > highest) return std::nullopt;
  return bits & mask;
}

}  // namespace

ConvertCounts convert_to_double(const std::byte* raw, ElementFormat format, const Packing& packing, std::size_t n,
                                double* out, std::uint8_t* missing_mask) {
  const bool swap = format.big_endian != (std::endian::native == std::endian::big);
  const auto run = [&]<class Stored>(Stored) { return convert<Stored>(raw, swap, packing, n, out, missing_mask); };
  if (format.kind == ElementKind::floating) {
    if (format.size == 8) return run(double{});
    if (format.size == 4) return run(float{});
    if (format.size == 2) return run(Half{});
  } else if (format.kind == ElementKind::signed_integer) {
    if (format.size == 8) return run(std::int64_t{});
    if (format.size == 4) return run(std::int32_t{});
    if (format.size == 2) return run(std::int16_t{});
    if (format.size == 1) return run(std::int8_t{});
  } else {
    if (format.size == 8) return run(std::uint64_t{});
    if (format.size == 4) return run(std::uint32_t{});
    if (format.size == 2) return run(std::uint16_t{});
    if (format.size == 1) return run(std::uint8_t{});
  }
  throw std::invalid_argument("convert_to_double: no such element format");
}

std::optional<std::uint64_t> element_bits(double value, ElementFormat format) {
  if (format.kind == ElementKind::floating) return float_bits(value, format.size);
  if (!(std::trunc(value) == value)) return std::nullopt;
  if (value >= -0x1p63 && value < 0x1p63) return element_bits(static_cast<std::int64_t>(value), format);
  if (value > 0.0 && value < 0x1p64) return element_bits(static_cast<std::uint64_t>(value), format);
  return std::nullopt;
}

std::optional<std::uint64_t> element_bits(std::int64_t value, ElementFormat format) {
  if (format.kind == ElementKind::floating) return float_bits(static_cast<double>(value), format.size);
  return integer_bits(static_cast<std::uint64_t>(value), value < 0, format);
}

std::optional<std::uint64_t> element_bits(std::uint64_t value, ElementFormat format) {
  if (format.kind == ElementKind::floating) return float_bits(static_cast<double>(value), format.size);
  return integer_bits(value, false, format);
}

}  // namespace concdemo
