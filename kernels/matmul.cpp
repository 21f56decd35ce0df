#include "kernels/matmul.hpp"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#include "kernels/highway.hpp"
#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/matmul_tile-inl.hpp"

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(multiply_add);

namespace {

constexpr double canonical_nan = std::numeric_limits<double>::quiet_NaN();

struct Free {
  void operator()(MatmulBuffers* buffers) const { std::free(buffers); }
};

// Kept by the thread that calls, for its next product: fresh pages would cost a small one several per cent.
MatmulBuffers* buffers_of_team(std::size_t threads) {
  thread_local std::unique_ptr<MatmulBuffers, Free> kept;
  thread_local std::size_t capacity = 0;
  if (capacity < threads) {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    const std::size_t bytes = (threads * sizeof(MatmulBuffers) + huge_page - 1) / huge_page * huge_page;
    capacity = 0;
    kept.reset(static_cast<MatmulBuffers*>(std::aligned_alloc(huge_page, bytes)));
    if (!kept) throw std::bad_alloc();
    madvise(kept.get(), bytes, MADV_HUGEPAGE);
    capacity = threads;
  }
  return kept.get();
}

// Blocks of C: as wide as fits L2 and as high as there are rows, for each packs its part of B anew; but as many as keep
// all threads busy to the end.
struct MatmulBlocks {
  std::size_t rows, columns;
};
MatmulBlocks blocks_of(std::size_t m, std::size_t n, std::size_t threads) {
  constexpr std::size_t least_columns = 96, most_rows = 2048, least_rows = 64, vector = 8;
  const auto parts = [](std::size_t whole, std::size_t part) { return (whole + part - 1) / part; };
  std::size_t across = parts(n, matmul_block_columns);
  if (n / threads >= least_columns) across = parts(across, threads) * threads;
  const std::size_t columns = parts(parts(n, across), vector) * vector;
  std::size_t rows = most_rows;
  if (across % threads != 0)
    while (rows > least_rows && parts(m, rows) * across < 4 * threads) rows /= 2;
  return {rows, columns};
}

// One row of C, in scalar code.
void add_row_reference(const double* a, const MatrixView& b, double* c) {
  for (std::size_t begin = 0; begin < b.rows; begin += matmul_block_k) {
    const std::size_t end = std::min(begin + matmul_block_k, b.rows);
    for (std::size_t column = 0; column < b.columns; column += matmul_block_columns) {
      const std::size_t columns = std::min(matmul_block_columns, b.columns - column);
      double acc[matmul_block_columns] = {};
      for (std::size_t p = begin; p < end; ++p)
        for (std::size_t j = 0; j < columns; ++j) acc[j] = std::fma(a[p], b.data[p * b.stride + column + j], acc[j]);
      for (std::size_t j = 0; j < columns; ++j) c[column + j] = c[column + j] + acc[j];
    }
  }
  for (std::size_t j = 0; j < b.columns; ++j) c[j] = std::isnan(c[j]) ? canonical_nan : c[j];
}

void multiply(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads, bool from_zero) {
  const std::size_t m = c.rows, n = c.columns;
  if (m == 0 || n == 0) return;
  if (simd_is_scalar() || a.columns == 0) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::size_t i = 0; i < m; ++i) {
      if (from_zero) std::fill_n(c.data + i * c.stride, n, 0.0);
      add_row_reference(a.data + i * a.stride, b, c.data + i * c.stride);
    }
    return;
  }
  const MatmulBlocks block = blocks_of(m, n, static_cast<std::size_t>(threads));
  MatmulBuffers* buffers = buffers_of_team(static_cast<std::size_t>(threads));
  const auto multiply_block = HWY_DYNAMIC_DISPATCH(multiply_add);
#pragma omp parallel for collapse(2) num_threads(threads) schedule(dynamic)
  for (std::size_t column = 0; column < n; column += block.columns) {
    for (std::size_t row = 0; row < m; row += block.rows) {
      const MatmulTask task{row, std::min(block.rows, m - row), column, std::min(block.columns, n - column)};
      multiply_block(a, b, c, task, buffers[omp_get_thread_num()], from_zero);
    }
  }
}

}  // namespace

void matmul_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads) {
  multiply(a, b, c, threads, false);
}

void matmul(std::span<const double> a, std::span<const double> b, std::span<double> c, std::size_t m, std::size_t k,
            std::size_t n, int threads) {
  multiply({a.data(), m, k, k}, {b.data(), k, n, n}, {c.data(), m, n, n}, threads, true);
}

double matmul_entry_reference(std::span<const double> a_row, std::span<const double> b, std::size_t j, std::size_t k,
                              std::size_t n) {
  double sum = 0.0;
  for (std::size_t begin = 0; begin < k; begin += matmul_block_k) {
    double acc = 0.0;
    const std::size_t end = std::min(begin + matmul_block_k, k);
    for (std::size_t p = begin; p < end; ++p) acc = std::fma(a_row[p], b[p * n + j], acc);
    sum = sum + acc;
  }
  return std::isnan(sum) ? canonical_nan : sum;
}

void matmul_plain_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < c.rows; ++i) {
    for (std::size_t p = 0; p < b.rows; ++p)
      for (std::size_t j = 0; j < c.columns; ++j) {
        c.data[i * c.stride + j] += a.data[i * a.stride + p] * b.data[p * b.stride + j];
      }
  }
}

}  // namespace concdemo
#endif
