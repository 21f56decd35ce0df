#pragma once
#include <cstddef>
#include <span>

namespace concdemo {

// y = A x, row-major: a is m x n, x has n values, y has m and is overwritten; no two may overlap.
// Per call: 2 m n flops; 8 (m n + n + m) bytes when everything is read and written once.
// Order of operations of each element (it defines the bits, whatever the threads and the SIMD width): 16 lanes,
//   acc_l = +0.0;  acc_l = fma(a_ij, x_j, acc_l) for j = l, l + 16, l + 32, ...
// then acc_l = acc_l + acc_(l+h) for h = 8, 4, 2, 1, and y_i = acc_0.
// Every NaN result is the canonical one (0x7ff8000000000000). A row block of A gives the same block of y.
void matvec(std::span<const double> a, std::span<const double> x, std::span<double> y, std::size_t m, std::size_t n,
            int threads);

// The same chain in scalar code, for one row of A: the oracle of `verified`.
double matvec_row_reference(std::span<const double> a_row, std::span<const double> x);

// The textbook double loop, without FMA; NaN and rounding are left to the compiler.
void matvec_plain(std::span<const double> a, std::span<const double> x, std::span<double> y, std::size_t m,
                  std::size_t n, int threads);

}  // namespace concdemo
