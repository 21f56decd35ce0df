#pragma once
#include <cstddef>

namespace concdemo {

// Rows [row_begin, row_end) x columns [column_begin, column_end); empty where an end is not beyond its beginning.
struct Window {
  std::ptrdiff_t row_begin = 0, row_end = 0;
  std::ptrdiff_t column_begin = 0, column_end = 0;
  std::ptrdiff_t rows() const { return row_end > row_begin ? row_end - row_begin : 0; }
  std::ptrdiff_t columns() const { return column_end > column_begin ? column_end - column_begin : 0; }
  bool operator==(const Window&) const = default;
};
Window intersection(const Window& a, const Window& b);
Window grown(const Window& a, std::ptrdiff_t by);  // on all four sides; by less than 0: shrunk

// Two row-major arrays of the same layout: element (i, j) is at i * stride + j. The part of them that a process holds
// may be a piece of the domain: i and j may be any for which the elements are there.
struct HeatArrays {
  const double* in;
  double* out;
  std::ptrdiff_t stride;
  Window domain;  // the whole grid, in these coordinates; its outermost rows and columns keep their values
};

// The explicit 5-point heat equation, `steps` (at least 1) time steps in one pass through memory: out = in, advanced,
// in the target rectangle. Reads `in` in the target grown by `steps`, as far as it is in the domain. Order of
// operations of a point and step (it defines the bits, whatever the tiling, threads and SIMD width; no FMA):
//   u' = u + alpha * (((north + south) + (west + east)) - 4 * u)
// Every NaN result is the canonical one. Per point and step: 7 flops; per point and pass: 16 bytes of memory.
// Each thread advances its rows in strips of columns, a wavefront of rows of all steps in its cache (a skewed,
// "wavefront" temporal blocking); rows and columns beside a strip are computed twice, so threads need no barrier.
void heat_steps(const HeatArrays& arrays, const Window& target, int steps, double alpha, int threads);

// One step, the textbook loop: same bits, but for NaN payloads.
void heat_plain(const HeatArrays& arrays, const Window& target, double alpha, int threads);

}  // namespace concdemo
