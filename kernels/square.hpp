#pragma once
#include <span>

namespace concdemo {

// y[i] = x[i] * x[i], elementwise; every NaN result is the canonical one (0x7ff8000000000000).
// Shapes: x and y of equal length. Per element: 1 flop, 16 bytes moved (8 read, 8 written).
// Order of operations: one rounding an element, so the bits depend on nothing else.
// Results of more than 32 MiB go past the caches.
void square(std::span<const double> x, std::span<double> y, int threads);
void square_past_cache(std::span<const double> x, std::span<double> y, int threads);  // of any size

// The textbook loop, which leaves a NaN's sign and payload to the instruction set.
void square_plain(std::span<const double> x, std::span<double> y, int threads);

}  // namespace concdemo
