#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "kernels/convert.hpp"
#include "kernels/stored_element.hpp"
#include "support/bits.hpp"

// What the tests of conversion share.
namespace convert_cases {

using namespace concdemo;
using test::bits;

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

// What a conversion gives.
struct Conversion {
  std::vector<double> values;
  std::vector<std::uint8_t> mask;
  ConvertCounts counts;
};

template <class T>
Conversion converted(const std::vector<T>& values, ElementFormat format, const Packing& packing = {}) {
  const auto bytes = stored(values, format.big_endian);
  Conversion result{std::vector<double>(values.size()), std::vector<std::uint8_t>(values.size(), 7), {}};
  result.counts =
      convert_to_double(bytes.data() + 1, format, packing, values.size(), result.values.data(), result.mask.data());
  return result;
}

// The same, one element after the other, from bytes.
inline Conversion converted_one_by_one(const std::byte* raw, ElementFormat format, const Packing& packing,
                                       std::size_t n) {
  return with_type(format, [&]<class Type>(Type) {
    Conversion result{std::vector<double>(n), std::vector<std::uint8_t>(n), {}};
    for (std::size_t i = 0; i < n; ++i) {
      const auto element = element_at<Type>(raw, i, swapped(format));
      const auto value = Element<Type>::value(element);
      bool missing = packing.valid && (value < packed_value<Type>(packing.valid->lowest) ||
                                       value > packed_value<Type>(packing.valid->highest));
      for (const std::uint64_t each : packing.missing) {
        const auto other = packed_value<Type>(each);
        missing |= value == other || (value != value && other != other);
      }
      double& out = result.values[i] = static_cast<double>(value);
      if (packing.scaled) out = out * packing.scale + packing.offset;
      if (missing) out = std::numeric_limits<double>::quiet_NaN();
      result.mask[i] = missing ? 1 : 0;
      result.counts.missing += missing ? 1 : 0;
      result.counts.inexact += !missing && !is_exact<Type>(element) ? 1 : 0;
    }
    return result;
  });
}

}  // namespace convert_cases
