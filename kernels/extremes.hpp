#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

namespace concdemo {

// Minimum and maximum of doubles with -0 < +0; both NaN (0x7ff8000000000000) if any element is NaN or there is none.
//
// Kept as integers that are ordered as the doubles are: the bits, with all but the sign inverted for negative ones.
// NaNs lie outside the infinities, so they need no test of their own until the end.
class Extremes {
 public:
  void add(std::span<const double> x);  // by the selected SIMD target; one thread

  double min() const { return value_of(low_); }
  double max() const { return value_of(high_); }

  static std::int64_t key_of(double x) { return flip(std::bit_cast<std::int64_t>(x)); }
  void add_keys(std::int64_t low, std::int64_t high) {
    if (low < low_) low_ = low;
    if (high > high_) high_ = high;
  }

 private:
  static std::int64_t flip(std::int64_t bits) { return bits ^ (bits >> 63 & std::numeric_limits<std::int64_t>::max()); }
  double value_of(std::int64_t key) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const bool all_numbers = low_ <= high_ && low_ >= key_of(-infinity) && high_ <= key_of(infinity);
    return all_numbers ? std::bit_cast<double>(flip(key)) : std::numeric_limits<double>::quiet_NaN();
  }

  // Of nothing: beyond the infinities, which reads as NaN.
  std::int64_t low_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t high_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace concdemo
