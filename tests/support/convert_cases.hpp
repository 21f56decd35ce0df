#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "kernels/convert.hpp"

// What the tests of conversion share.
namespace convert_cases {

using namespace concdemo;

inline std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

template <class T>
ElementFormat format_of(bool big_endian = false) {
  const auto kind = std::is_floating_point_v<T> ? ElementKind::floating
                    : std::is_signed_v<T>       ? ElementKind::signed_integer
                                                : ElementKind::unsigned_integer;
  return {kind, sizeof(T), big_endian};
}

// One byte before the elements keeps them unaligned.
template <class T>
std::vector<std::byte> stored(const std::vector<T>& values, bool big_endian) {
  std::vector<std::byte> bytes(1 + values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::byte element[sizeof(T)];
    std::memcpy(element, &values[i], sizeof(T));
    for (std::size_t b = 0; b < sizeof(T); ++b) {
      bytes[1 + i * sizeof(T) + b] = element[big_endian ? sizeof(T) - 1 - b : b];
    }
  }
  return bytes;
}

struct Converted {
  std::vector<double> values;
  std::vector<std::uint8_t> mask;
  ConvertCounts counts;
};

template <class T>
Converted converted(const std::vector<T>& values, ElementFormat format, const Packing& packing = {}) {
  const auto bytes = stored(values, format.big_endian);
  Converted result{std::vector<double>(values.size()), std::vector<std::uint8_t>(values.size(), 7), {}};
  result.counts =
      convert_to_double(bytes.data() + 1, format, packing, values.size(), result.values.data(), result.mask.data());
  return result;
}

}  // namespace convert_cases
