#include "kernels/float_formats.hpp"

#include <limits>

namespace concdemo {

RoundedQuad rounded(Quad quad) {
  const bool negative = quad.high >> 63 != 0;
  const auto with_sign = [negative](double magnitude) { return negative ? -magnitude : magnitude; };
  const auto field = static_cast<int>(quad.high >> 48) & 0x7fff;
  const std::uint64_t fraction = quad.high & 0xffff'ffff'ffff;  // the higher 48 bits of it
  const bool has_fraction = fraction != 0 || quad.low != 0;
  if (field == 0x7fff) {
    if (has_fraction) return {std::numeric_limits<double>::quiet_NaN(), true, false};
    return {with_sign(std::numeric_limits<double>::infinity()), true, false};
  }
  // Quad's subnormals, and all that is below 2^-1075, round to zero.
  const int exponent = field - 16383;
  if (field == 0 || exponent < -1075) return {with_sign(0.0), field == 0 && !has_fraction, true};
  // The highest 64 bits of the significand, whose leading 1 is implied, and whether any is set below.
  const std::uint64_t high = std::uint64_t{1} << 63 | fraction << 15 | quad.low >> 49;
  const bool below = quad.low << 15 != 0;
  const int dropped =
      exponent >= -1022 ? 11 : 11 - 1022 - exponent;  // float64's subnormals have fewer bits; 64 at most
  const std::uint64_t kept = dropped == 64 ? 0 : high >> dropped;
  const std::uint64_t rest = high << (64 - dropped);
  constexpr std::uint64_t half = std::uint64_t{1} << 63;
  const bool up = rest > half || (rest == half && (below || (kept & 1) != 0));
  const auto significand = static_cast<double>(kept + (up ? 1 : 0));  // at most 2^53
  return {with_sign(std::ldexp(significand, exponent - 63 + dropped)), rest == 0 && !below, true};
}

}  // namespace concdemo
