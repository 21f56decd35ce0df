#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

// The IEEE 754 formats that C++20 has no type for: their values, from their bits in integers of the host.
namespace concdemo {

// binary16; float holds each of its values.
struct Half {};

inline float half_value(std::uint16_t bits) {
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

// binary128: 1 bit of sign, 15 of exponent (bias 16383), 112 of fraction.
struct Quad {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

struct RoundedQuad {
  double value = 0.0;     // to nearest even; infinite where the quad is beyond float64
  bool is_exact = true;   // NaN is, whatever its payload
  bool is_finite = true;  // the quad itself
};

RoundedQuad rounded(Quad quad);

}  // namespace concdemo
