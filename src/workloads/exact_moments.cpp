#include "workloads/exact_moments.hpp"

#include <algorithm>
#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>

namespace concdemo {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// An exact sum is to_integer(sum) * 2^(its lowest exponent).
template <class Sum>
Integer to_integer(Sum sum) {
  sum.normalise();
  const auto& limbs = sum.limbs();
  Integer value = 0;
  for (auto limb = limbs.rbegin(); limb != limbs.rend(); ++limb) value = (value << 32) + *limb;
  return value;
}

bool has_special(const ExactSum& sum) {
  return sum.nan_count() + sum.plus_infinity_count() + sum.minus_infinity_count() > 0;
}

// bits * 2^exponent rounded once, where bits >= 2^54 and its last bit stands for everything that was cut off.
double round_bits(std::uint64_t bits, int exponent) {
  const int drop = std::max(64 - std::countl_zero(bits) - 53, -1074 - exponent);  // fewer bits where it is subnormal
  if (drop >= 64) return 0.0;
  const std::uint64_t rest = bits & ((std::uint64_t{1} << drop) - 1);
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  bits >>= drop;
  if (rest > half || (rest == half && bits % 2 == 1)) ++bits;
  return std::ldexp(static_cast<double>(bits), exponent + drop);
}

// numerator / denominator * 2^exponent, rounded once; denominator > 0.
double round_ratio(Integer numerator, Integer denominator, int exponent) {
  if (numerator == 0) return 0.0;
  const bool negative = numerator < 0;
  if (negative) numerator = -numerator;
  // Scale so that the quotient has 56 or 57 bits.
  const int shift = 56 + static_cast<int>(msb(denominator)) - static_cast<int>(msb(numerator));
  if (shift > 0) numerator <<= shift;
  if (shift < 0) denominator <<= -shift;
  Integer quotient;
  Integer remainder;
  divide_qr(numerator, denominator, quotient, remainder);
  const auto bits = static_cast<std::uint64_t>(quotient) << 1 | (remainder != 0 ? 1U : 0U);
  const double magnitude = round_bits(bits, exponent - shift - 1);
  return negative ? -magnitude : magnitude;
}

// The square root of numerator / denominator * 2^exponent, rounded once; numerator >= 0, exponent even.
double round_root(Integer numerator, const Integer& denominator, int exponent) {
  if (numerator == 0) return 0.0;
  // Scale by a power of four so that the quotient has 112 bits or a few more, its root 56 or 57.
  int shift = 113 + static_cast<int>(msb(denominator)) - static_cast<int>(msb(numerator));
  shift += shift & 1;
  if (shift > 0) numerator <<= shift;
  const Integer scale = shift < 0 ? Integer(denominator << -shift) : denominator;
  Integer quotient;
  Integer below;
  divide_qr(numerator, scale, quotient, below);
  Integer rest;
  const Integer root = sqrt(quotient, rest);
  const auto bits = static_cast<std::uint64_t>(root) << 1 | (rest != 0 || below != 0 ? 1U : 0U);
  return round_bits(bits, (exponent - shift) / 2 - 1);
}

// (n sum x^2 - (sum x)^2) and n^2: the population variance as a ratio, in units of 2^(twice the lowest exponent).
struct Ratio {
  Integer numerator;
  Integer denominator;
};
Ratio variance_ratio(const Moments& moments) {
  static_assert(2 * ExactSum::lowest_exponent == ExactProductSum::lowest_exponent);
  const Integer count = moments.count;
  const Integer sum = to_integer(moments.sum);
  return {count * to_integer(moments.squares) - sum * sum, count * count};
}

}  // namespace

double exact_mean(const Moments& moments) {
  const double sum = moments.sum.round();
  if (moments.count == 0) return nan;
  if (has_special(moments.sum)) return sum;
  const double mean = round_ratio(to_integer(moments.sum), moments.count, ExactSum::lowest_exponent);
  return mean == 0 && std::signbit(sum) ? -0.0 : mean;
}

double exact_variance(const Moments& moments) {
  if (moments.count == 0 || has_special(moments.sum)) return nan;
  const Ratio ratio = variance_ratio(moments);
  return round_ratio(ratio.numerator, ratio.denominator, ExactProductSum::lowest_exponent);
}

double exact_deviation(const Moments& moments) {
  if (moments.count == 0 || has_special(moments.sum)) return nan;
  const Ratio ratio = variance_ratio(moments);
  return round_root(ratio.numerator, ratio.denominator, ExactProductSum::lowest_exponent);
}

}  // namespace concdemo
