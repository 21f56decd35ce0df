#pragma once
#include "kernels/exact_sum.hpp"

#include <span>

namespace concdemo {

// s = x[0] + ... + x[n-1]. Per element: 1 flop, 8 bytes read.

// The real sum, so that neither the order nor the number of threads matters; round() gives the double.
ExactSum sum_exact(std::span<const double> x, int threads);

// The textbook loop: every addition rounds, so the bits depend on threads and compiler.
double sum_plain(std::span<const double> x, int threads);

// The same real sum, one scalar addition after another: what sum_exact is verified against.
ExactSum sum_reference(std::span<const double> x, int threads);

}  // namespace concdemo
