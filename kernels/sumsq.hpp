#pragma once
#include "kernels/exact_product_sum.hpp"

#include <span>

namespace concdemo {

// s = x[0]^2 + ... + x[n-1]^2. Per element: 2 flops, 8 bytes read.

// The real sum of the real squares, so that neither the order nor the number of threads matters.
ExactProductSum sumsq_exact(std::span<const double> x, int threads);

// The textbook loop: every operation rounds, so the bits depend on threads and compiler.
double sumsq_plain(std::span<const double> x, int threads);

// The same real sum, one scalar addition after another: what sumsq_exact is verified against.
ExactProductSum sumsq_reference(std::span<const double> x, int threads);

}  // namespace concdemo
