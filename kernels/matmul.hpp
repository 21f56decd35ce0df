#pragma once
#include <cstddef>
#include <span>

#include "kernels/matrix.hpp"

namespace concdemo {

inline constexpr std::size_t matmul_block_k = 256;  // defines the bits

// C = A B, row-major: a is m x k, b is k x n, c is m x n and is overwritten; no two may overlap.
// Per call: 2 m n k flops; 8 (m k + k n + m n) bytes when everything is read and written once.
// Order of operations of each element (it defines the bits, whatever the threads and the SIMD width):
//   c_ij = +0.0
//   for each block of 256 in k, ascending:   acc = 0;  acc = fma(a_ik, b_kj, acc), k ascending;  c_ij = c_ij + acc
// Every NaN result is the canonical one (0x7ff8000000000000). A row block of A gives the same row block of C.
void matmul(std::span<const double> a, std::span<const double> b, std::span<double> c, std::size_t m, std::size_t k,
            std::size_t n, int threads);

// C = C + A B: the inner lines of that chain, on what C holds. a.rows = c.rows, b.columns = c.columns and
// a.columns = b.rows; any of them may be 0. From C = +0.0, going through k in panels that begin at multiples of
// matmul_block_k gives the bits of the whole product.
void matmul_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads);

// The same chain in scalar code: c_ij of row a_row (k values) and column j of b. The oracle of `verified`.
double matmul_entry_reference(std::span<const double> a_row, std::span<const double> b, std::size_t j, std::size_t k,
                              std::size_t n);

// The same by the textbook triple loop (i, k, j), without FMA; NaN and rounding are left to the compiler.
void matmul_plain_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads);

}  // namespace concdemo
