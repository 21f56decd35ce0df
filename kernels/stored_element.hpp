#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "kernels/convert.hpp"
#include "kernels/float_formats.hpp"

// The types of stored elements, for what converts them; Half and Quad stand for theirs.
namespace concdemo {

template <class Bits>
constexpr Bits byte_swapped(Bits bits) {
  Bits swapped = 0;
  for (std::size_t byte = 0; byte < sizeof(Bits); ++byte) {
    swapped = static_cast<Bits>((swapped << (8 * (sizeof(Bits) > 1))) | (bits & 0xff));
    bits = static_cast<Bits>(bits >> (8 * (sizeof(Bits) > 1)));
  }
  return swapped;
}

constexpr std::array<std::uint64_t, 2> byte_swapped(std::array<std::uint64_t, 2> bits) {
  return {byte_swapped(bits[1]), byte_swapped(bits[0])};
}

template <int bytes>
using BitsOf = std::conditional_t<
    bytes == 1, std::uint8_t,
    std::conditional_t<
        bytes == 2, std::uint16_t,
        std::conditional_t<bytes == 4, std::uint32_t,
                           std::conditional_t<bytes == 8, std::uint64_t, std::array<std::uint64_t, 2>>>>>;

template <class Stored>
struct Element {
  static constexpr bool is_half = std::is_same_v<Stored, Half>;
  static constexpr bool is_quad = std::is_same_v<Stored, Quad>;
  using Bits = BitsOf<is_half ? 2 : static_cast<int>(sizeof(Stored))>;  // in the order of the host
  using Value = std::conditional_t<is_half, float, std::conditional_t<is_quad, double, Stored>>;
  static Value value(Bits bits) {
    if constexpr (is_half) return half_value(bits);
    else if constexpr (is_quad) return rounded_value(bits).value;
    else return std::bit_cast<Stored>(bits);
  }
  static RoundedQuad rounded_value(Bits bits) requires is_quad {
    constexpr bool little = std::endian::native == std::endian::little;
    return rounded({.high = bits[little ? 1 : 0], .low = bits[little ? 0 : 1]});
  }
};

// Elements as Packing has them: element_bits() of a 16-byte float are those of a float64.
template <class Stored>
typename Element<Stored>::Value packed_value(std::uint64_t bits) {
  if constexpr (std::is_same_v<Stored, Quad>) return std::bit_cast<double>(bits);
  else return Element<Stored>::value(static_cast<typename Element<Stored>::Bits>(bits));
}

template <class Stored>
constexpr bool is_wide_integer = std::is_integral_v<Stored> && sizeof(Stored) == 8;

template <class Stored>
std::uint64_t magnitude(std::uint64_t bits) {
  return std::is_signed_v<Stored> && bits >> 63 != 0 ? 0 - bits : bits;
}

// Whether float64 holds the element: an integer with no more than 53 bits from the first to the last one that is set.
template <class Stored>
bool is_exact(typename Element<Stored>::Bits bits) {
  if constexpr (std::is_same_v<Stored, Quad>) return Element<Quad>::rounded_value(bits).is_exact;
  if constexpr (is_wide_integer<Stored>) {
    const std::uint64_t positive = magnitude<Stored>(bits);
    return positive == 0 || std::bit_width(positive) - std::countr_zero(positive) <= 53;
  }
  return true;
}

// Cheap, and false for nearly all data.
template <class Stored>
bool may_be_inexact(const typename Element<Stored>::Bits* bits, std::size_t n) {
  if constexpr (!is_wide_integer<Stored>) return std::is_same_v<Stored, Quad>;
  else {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < n; ++i) all |= magnitude<Stored>(bits[i]);
    return all >> 53 != 0;
  }
}

// run(T{}) with the type of the elements.
template <class Run>
auto with_type(ElementFormat format, const Run& run) {
  if (format.kind == ElementKind::floating) {
    if (format.size == 16) return run(Quad{});
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
  throw std::invalid_argument("no such element format");
}

inline bool swapped(ElementFormat format) { return format.big_endian != (std::endian::native == std::endian::big); }

template <class Stored>
typename Element<Stored>::Bits element_at(const std::byte* raw, std::size_t i, bool swap) {
  typename Element<Stored>::Bits bits;
  std::memcpy(&bits, raw + i * sizeof bits, sizeof bits);
  return swap ? byte_swapped(bits) : bits;
}

}  // namespace concdemo
