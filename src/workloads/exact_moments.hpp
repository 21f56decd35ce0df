#pragma once
#include "kernels/stats.hpp"

namespace concdemo {

// Of the inputs as real numbers, from their exact sums by integer arithmetic, rounded once to nearest even.
// NaN when there are no elements, or a NaN or an infinity makes it so.
double exact_mean(const Moments& moments);

// Population variance, (1/n) sum (x - mean)^2 = (n sum x^2 - (sum x)^2) / n^2.
double exact_variance(const Moments& moments);

// Its square root, from the exact variance, not the rounded one.
double exact_deviation(const Moments& moments);

}  // namespace concdemo
