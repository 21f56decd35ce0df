#include "engine/exact_moments.hpp"

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

// numerator / denominator * 2^exponent, rounded once; denominator > 0.
double round_ratio(Integer numerator, Integer denominator, int exponent) {
  if (numerator == 0) return 0.0;
  const bool negative = numerator < 0;
  if (negative) numerator = -numerator;
  // Scale so that the quotient has at least 55 bits; its last bit then says whether anything was cut off.
  const int shift = 56 + static_cast<int>(msb(denominator)) - static_cast<int>(msb(numerator));
  if (shift > 0) numerator <<= shift;
  if (shift < 0) denominator <<= -shift;
  Integer quotient;
  Integer remainder;
  divide_qr(numerator, denominator, quotient, remainder);
  auto bits = static_cast<std::uint64_t>(quotient) << 1 | (remainder != 0 ? 1U : 0U);
  exponent -= shift + 1;
  // Keep 53 bits, fewer where the result is subnormal.
  const int drop = std::max(64 - std::countl_zero(bits) - 53, -1074 - exponent);
  if (drop >= 64) return negative ? -0.0 : 0.0;
  const std::uint64_t rest = bits & ((std::uint64_t{1} << drop) - 1);
  const std::uint64_t half = std::uint64_t{1} << (drop - 1);
  bits >>= drop;
  if (rest > half || (rest == half && bits % 2 == 1)) ++bits;
  const double magnitude = std::ldexp(static_cast<double>(bits), exponent + drop);
  return negative ? -magnitude : magnitude;
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
  static_assert(2 * ExactSum::lowest_exponent == ExactProductSum::lowest_exponent);
  const Integer count = moments.count;
  const Integer sum = to_integer(moments.sum);
  return round_ratio(count * to_integer(moments.squares) - sum * sum, count * count, ExactProductSum::lowest_exponent);
}

}  // namespace concdemo
