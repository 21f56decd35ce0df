#pragma once
#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"
#include "kernels/extremes.hpp"

#include <span>

namespace concdemo {

// Squares of x, by the selected SIMD target; one thread.
void add_squares(ExactProductSum& squares, std::span<const double> x);
void add_squares(ExactProductSum& squares, std::span<const float> x);

// In the same pass x itself to `sum` and `extremes`.
void add_moments(ExactSum& sum, ExactProductSum& squares, Extremes& extremes, std::span<const double> x);

}  // namespace concdemo
