#pragma once
#include "kernels/stats.hpp"

namespace concdemo {

// Whether `value` is what an exact state means, rounded once to nearest, ties to even: bits, signs of zeros and NaN
// (0x7ff8000000000000) included. Another way than the rounding that it checks: the exact value is compared with the two
// midpoints beside `value`, in big integers, where nothing is divided, shifted out or rounded.
bool is_rounded_sum(double value, const ExactSum& sum);
bool is_rounded_sum(double value, const ExactProductSum& sum);
bool is_mean(double value, const Moments& moments);
bool is_variance(double value, const Moments& moments);
bool is_deviation(double value, const Moments& moments);

}  // namespace concdemo
