#pragma once
#include "kernels/exact_product_sum.hpp"

#include <span>

namespace concdemo {

// s = x[0] y[0] + ... + x[n-1] y[n-1], x and y of equal length. Per element: 2 flops, 16 bytes read (8 if x is y).

// The real sum of the real products, so that neither the order nor the number of threads matters.
ExactProductSum dot_exact(std::span<const double> x, std::span<const double> y, int threads);

// The textbook loop: every operation rounds, so the bits depend on threads and compiler.
double dot_plain(std::span<const double> x, std::span<const double> y, int threads);

// The same real sum, one scalar addition after another: what dot_exact is verified against.
ExactProductSum dot_reference(std::span<const double> x, std::span<const double> y, int threads);

}  // namespace concdemo
