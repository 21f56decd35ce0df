#include "workloads/rounding_check.hpp"

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>

namespace concdemo {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr double infinity = std::numeric_limits<double>::infinity();

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
bool is_canonical_nan(double value) { return same_bits(value, std::numeric_limits<double>::quiet_NaN()); }

// numerator / denominator * 2^exponent, denominator > 0.
struct Ratio {
  Integer numerator;
  Integer denominator;
  int exponent;
};

// < 0, 0, > 0 as the ratio is to factor * 2^unit.
int compare(const Ratio& ratio, const Integer& factor, int unit) {
  Integer left = ratio.numerator;
  Integer right = factor * ratio.denominator;
  if (ratio.exponent > unit) left <<= ratio.exponent - unit;
  if (ratio.exponent < unit) right <<= unit - ratio.exponent;
  return left.compare(right);
}

// Of a double's bits, at least +0, in units of 2^-1074. Infinity stands where the next double would: at 2^1024.
Integer units_of(std::uint64_t bits) {
  const DoubleParts parts = parts_of(bits);
  Integer units = parts.significand;
  units <<= parts.exponent;
  return units;
}

// Whether |value| is the root (power 1: itself; 2: square root) of a ratio that is not negative, rounded.
bool is_nearest(double value, const Ratio& ratio, int power) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(std::fabs(value));
  if (bits > std::bit_cast<std::uint64_t>(infinity)) return false;
  // Of the doubles beside it: midpoints in units of 2^-1075. A tie is the even one's.
  const auto against = [&](std::uint64_t neighbour) {
    const Integer midpoint = units_of(bits) + units_of(neighbour);
    return compare(ratio, power == 2 ? Integer(midpoint * midpoint) : midpoint, -1075 * power);
  };
  const int slack = bits % 2 == 0 ? 0 : 1;
  return (bits == 0 || against(bits - 1) >= slack) &&
         (value == infinity || value == -infinity || against(bits + 1) <= -slack);
}

// Zero is `zero`; whatever is rounded keeps its sign, to zero too.
bool is_rounded(double value, Ratio ratio, double zero) {
  if (ratio.numerator == 0) return same_bits(value, zero);
  const bool negative = ratio.numerator < 0;
  if (negative) ratio.numerator = -ratio.numerator;
  return std::signbit(value) == negative && is_nearest(value, ratio, 1);
}

template <class Sum>
bool has_special(const Sum& sum) {
  return sum.nan_count() != 0 || sum.plus_infinity_count() != 0 || sum.minus_infinity_count() != 0;
}
template <class Sum>
bool is_special_sum(double value, const Sum& sum) {
  const bool plus = sum.plus_infinity_count() != 0;
  const bool minus = sum.minus_infinity_count() != 0;
  if (sum.nan_count() != 0 || (plus && minus)) return is_canonical_nan(value);
  return value == (plus ? infinity : -infinity);
}

// In units of 2^lowest_exponent.
template <class Sum>
Integer units_of(const Sum& sum) {
  Integer units = 0;
  Integer one = 1;  // of a limb
  for (const std::int64_t limb : sum.limbs()) {
    units += one * limb;
    one <<= 32;
  }
  return units;
}

template <class Sum>
double zero_of(const Sum& sum) {
  return sum.is_negative_zero() ? -0.0 : 0.0;
}

template <class Sum>
bool is_quotient(double value, const Sum& sum, std::uint64_t count) {
  if (has_special(sum)) return is_special_sum(value, sum);
  return is_rounded(value, {units_of(sum), count, Sum::lowest_exponent}, zero_of(sum));
}

// (n sum x^2 - (sum x)^2) / n^2, of the population.
Ratio variance_of(const Moments& moments) {
  const Integer sum = units_of(moments.sum);
  const Integer count = moments.count;
  return {count * units_of(moments.squares) - sum * sum, count * count, 2 * ExactSum::lowest_exponent};
}

}  // namespace

bool is_rounded_sum(double value, const ExactSum& sum) { return is_quotient(value, sum, 1); }
bool is_rounded_sum(double value, const ExactProductSum& sum) { return is_quotient(value, sum, 1); }

bool is_mean(double value, const Moments& moments) {
  if (moments.count == 0) return is_canonical_nan(value);
  return is_quotient(value, moments.sum, moments.count);
}

bool is_variance(double value, const Moments& moments) {
  if (moments.count == 0 || has_special(moments.sum)) return is_canonical_nan(value);
  return is_rounded(value, variance_of(moments), 0.0);
}

bool is_deviation(double value, const Moments& moments) {
  if (moments.count == 0 || has_special(moments.sum)) return is_canonical_nan(value);
  return !std::signbit(value) && is_nearest(value, variance_of(moments), 2);
}

}  // namespace concdemo
