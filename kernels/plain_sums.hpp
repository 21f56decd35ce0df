#pragma once
#include <span>

namespace concdemo {

// The textbook loops, beside the exact sums of exact_sum.hpp and exact_product_sum.hpp: every operation rounds, so the
// bits depend on threads and compiler. x and y of equal length; an element of each is read once.
double sum_plain(std::span<const double> x, int threads);                             // x[0] + ... + x[n-1]: 1 flop
double sumsq_plain(std::span<const double> x, int threads);                           // x[0]^2 + ...: 2 flops
double dot_plain(std::span<const double> x, std::span<const double> y, int threads);  // x[0] y[0] + ...: 2 flops

}  // namespace concdemo
