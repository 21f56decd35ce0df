#include "kernels/matmul.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matmul.cpp"
#include "kernels/highway.hpp"
// The order of these two matters to Highway.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef CONCDEMO_MATMUL_ONCE
#define CONCDEMO_MATMUL_ONCE
namespace concdemo {

constexpr std::size_t matmul_block_columns = 480;  // 960 KiB of packed B, for L2; a multiple of every tile's width
constexpr std::size_t matmul_max_tile_rows = 8;

// A rectangle of C, computed by one thread.
struct MatmulTask {
  std::size_t row, rows, column, columns;
};

// One thread's packed copies: of a block of B in slivers one tile wide, and of the rows of A that a tile needs.
struct alignas(64) MatmulBuffers {
  double b[matmul_block_k * matmul_block_columns];
  double a[matmul_block_k * matmul_max_tile_rows];
};

}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = HWY_MAX_BYTES / sizeof(double);
constexpr std::size_t tile_vectors = 3;
constexpr std::size_t tile_columns = tile_vectors * lanes;
// Accumulators, one row of B and one element of A fill the 32 (AVX-512, NEON) or 16 registers.
constexpr std::size_t tile_rows = HWY_TARGET == HWY_AVX2 ? 4 : matmul_max_tile_rows;
static_assert(matmul_block_columns % tile_columns == 0);

// c (rows x tile_columns, row stride c_stride) += the packed products of one block in k.
template <std::size_t rows>
HWY_INLINE void add_tile(const double* HWY_RESTRICT a, const double* HWY_RESTRICT b, std::size_t depth,
                         double* HWY_RESTRICT c, std::size_t c_stride) {
  const Tag d;
  Vector acc[rows][tile_vectors];
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < tile_vectors; ++v) acc[r][v] = hn::Zero(d);
  for (std::size_t p = 0; p < depth; ++p) {
    const Vector b0 = hn::Load(d, b);
    const Vector b1 = hn::Load(d, b + lanes);
    const Vector b2 = hn::Load(d, b + 2 * lanes);
    for (std::size_t r = 0; r < rows; ++r) {
      const Vector a_r = hn::Set(d, a[r]);
      acc[r][0] = hn::MulAdd(a_r, b0, acc[r][0]);
      acc[r][1] = hn::MulAdd(a_r, b1, acc[r][1]);
      acc[r][2] = hn::MulAdd(a_r, b2, acc[r][2]);
    }
    a += rows;
    b += tile_columns;
  }
  const Vector nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t v = 0; v < tile_vectors; ++v) {
      double* target = c + r * c_stride + v * lanes;
      const Vector sum = hn::Add(hn::LoadU(d, target), acc[r][v]);
      hn::StoreU(hn::IfThenElse(hn::IsNaN(sum), nan, sum), d, target);
    }
  }
}

// Packs `rows` rows of A, k-major; rows up to `height` become zeros.
template <std::size_t height>
void pack_a(const double* a, std::size_t stride, std::size_t rows, std::size_t depth, double* packed) {
  if (rows == height) {  // with a constant count the compiler unrolls: packing costs half
    for (std::size_t p = 0; p < depth; ++p)
      for (std::size_t r = 0; r < height; ++r) packed[p * height + r] = a[r * stride + p];
    return;
  }
  std::fill_n(packed, depth * height, 0.0);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t p = 0; p < depth; ++p) packed[p * height + r] = a[r * stride + p];
}

void pack_b(const double* b, std::size_t stride, std::size_t columns, std::size_t depth, double* packed) {
  for (std::size_t j = 0; j < columns; j += tile_columns) {
    const std::size_t width = std::min(tile_columns, columns - j);
    for (std::size_t p = 0; p < depth; ++p, packed += tile_columns) {
      std::copy_n(b + p * stride + j, width, packed);
      std::fill(packed + width, packed + tile_columns, 0.0);
    }
  }
}

// One strip of at most `height` rows of A against the packed block of B.
template <std::size_t height>
void add_strip(const double* a, std::size_t a_stride, MatmulBuffers& buffers, std::size_t depth, double* c,
               std::size_t c_stride, std::size_t rows, std::size_t columns) {
  pack_a<height>(a, a_stride, rows, depth, buffers.a);
  for (std::size_t j = 0; j < columns; j += tile_columns) {
    const double* b = buffers.b + j * depth;
    const std::size_t width = std::min(tile_columns, columns - j);
    if (rows == height && width == tile_columns) {
      add_tile<height>(buffers.a, b, depth, c + j, c_stride);
      continue;
    }
    // At an edge a whole tile is computed aside; its surplus is never stored.
    double edge[height * tile_columns] = {};
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(c + r * c_stride + j, width, edge + r * tile_columns);
    add_tile<height>(buffers.a, b, depth, edge, tile_columns);
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(edge + r * tile_columns, width, c + r * c_stride + j);
  }
}

void multiply_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, const MatmulTask& task,
                  MatmulBuffers& buffers) {
  const std::size_t end = task.row + task.rows;
  for (std::size_t p = 0; p < a.columns; p += matmul_block_k) {
    const std::size_t depth = std::min(matmul_block_k, a.columns - p);
    pack_b(b.data + p * b.stride + task.column, b.stride, task.columns, depth, buffers.b);
    for (std::size_t i = task.row; i < end; i += tile_rows) {
      const std::size_t rows = std::min(tile_rows, end - i);
      const auto strip = rows == 1 ? add_strip<1> : add_strip<tile_rows>;
      strip(a.data + i * a.stride + p, a.stride, buffers, depth, c.data + i * c.stride + task.column, c.stride, rows,
            task.columns);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(multiply_add);

namespace {

constexpr double canonical_nan = std::numeric_limits<double>::quiet_NaN();

// Rows of a task: many, because each task packs its part of B anew, but a few tasks for every thread.
std::size_t rows_of_task(std::size_t m, std::size_t n, std::size_t threads) {
  const std::size_t column_tasks = (n + matmul_block_columns - 1) / matmul_block_columns;
  std::size_t rows = 512;
  while (rows > 4 * matmul_max_tile_rows && (m + rows - 1) / rows * column_tasks < 4 * threads) rows /= 2;
  return rows;
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

}  // namespace

void matmul_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads) {
  const std::size_t m = c.rows, n = c.columns;
  if (m == 0 || n == 0) return;
  if (simd_is_scalar()) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::size_t i = 0; i < m; ++i) add_row_reference(a.data + i * a.stride, b, c.data + i * c.stride);
    return;
  }
  const std::size_t task_rows = rows_of_task(m, n, static_cast<std::size_t>(threads));
  const auto buffers = std::make_unique_for_overwrite<MatmulBuffers[]>(static_cast<std::size_t>(threads));
#pragma omp parallel for collapse(2) num_threads(threads) schedule(dynamic)
  for (std::size_t column = 0; column < n; column += matmul_block_columns) {
    for (std::size_t row = 0; row < m; row += task_rows) {
      const MatmulTask task{row, std::min(task_rows, m - row), column, std::min(matmul_block_columns, n - column)};
      HWY_DYNAMIC_DISPATCH(multiply_add)(a, b, c, task, buffers[static_cast<std::size_t>(omp_get_thread_num())]);
    }
  }
}

void matmul(std::span<const double> a, std::span<const double> b, std::span<double> c, std::size_t m, std::size_t k,
            std::size_t n, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < m; ++i) std::fill_n(c.data() + i * n, n, 0.0);
  matmul_add({a.data(), m, k, k}, {b.data(), k, n, n}, {c.data(), m, n, n}, threads);
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

void matmul_row_reference(std::span<const double> a_row, std::span<const double> b, std::span<double> c_row,
                          std::size_t k, std::size_t n) {
  std::fill_n(c_row.data(), n, 0.0);
  add_row_reference(a_row.data(), {b.data(), k, n, n}, c_row.data());
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
