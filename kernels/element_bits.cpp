#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/convert.hpp"
#include "kernels/stored_element.hpp"

namespace concdemo {

namespace {

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
  if (size >= 8) return std::bit_cast<std::uint64_t>(value);
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

double element_value(std::uint64_t bits, ElementFormat format) {
  return with_type(format, [&]<class Stored>(Stored) { return static_cast<double>(packed_value<Stored>(bits)); });
}

}  // namespace concdemo
