// One thread's part of a matrix product: packing, and the tile of C that stays in registers; included once for each
// SIMD target, by matmul.cpp.
#if defined(CONCDEMO_KERNELS_MATMUL_TILE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONCDEMO_KERNELS_MATMUL_TILE_INL_HPP
#undef CONCDEMO_KERNELS_MATMUL_TILE_INL_HPP
#else
#define CONCDEMO_KERNELS_MATMUL_TILE_INL_HPP
#endif

#include "kernels/matmul_blocks.hpp"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

// Constant loops over the registers of a tile: left as loops, they would keep the tile in memory.
#undef CONCDEMO_UNROLL
#define CONCDEMO_UNROLL _Pragma("GCC unroll 32")

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = HWY_MAX_BYTES / sizeof(double);

// Accumulators, a row of B and an element of A fill the 32 registers (AVX-512, NEON) or the 16 of AVX2. The wider a
// tile is, the fewer bytes of B a flop takes from L2; the higher, the fewer bytes of A.
constexpr std::size_t tile_vectors = HWY_TARGET == HWY_AVX2 ? 2 : 3;
constexpr std::size_t tile_rows = HWY_TARGET == HWY_AVX2 ? 6 : 8;
constexpr std::size_t tile_columns = tile_vectors * lanes;
static_assert(tile_rows <= matmul_max_tile_rows && matmul_block_columns % tile_columns == 0);

inline std::size_t whole_vectors(std::size_t columns) { return (columns + lanes - 1) / lanes * lanes; }

// acc += a_ik b_kj for one k; rows of a are matmul_block_k apart.
template <std::size_t rows, std::size_t vectors>
HWY_INLINE void add_products(const double* HWY_RESTRICT a, const double* HWY_RESTRICT b, Vector (&acc)[rows][vectors]) {
  const Tag d;
  Vector b_v[vectors];
  CONCDEMO_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) b_v[v] = hn::Load(d, b + v * lanes);
  CONCDEMO_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    const Vector a_r = hn::Set(d, a[r * matmul_block_k]);
    CONCDEMO_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) acc[r][v] = hn::MulAdd(a_r, b_v[v], acc[r][v]);
  }
}

// c (rows x vectors * lanes) += the packed products of one block of k; with `zero` c is taken for +0.0 and not read.
// `ahead`: a row of A that is wanted soon; it is brought to L2 meanwhile.
template <std::size_t rows, std::size_t vectors>
HWY_NOINLINE void add_tile(const double* HWY_RESTRICT a, const double* HWY_RESTRICT b, std::size_t depth,
                           double* HWY_RESTRICT c, std::size_t c_stride, bool zero, const double* ahead) {
  constexpr std::size_t width = vectors * lanes, unroll = 4, line = 64 / sizeof(double);
  constexpr std::size_t b_ahead = 16, c_ahead = 32;  // steps in k
  const Tag d;
  Vector acc[rows][vectors];
  CONCDEMO_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    CONCDEMO_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) acc[r][v] = hn::Zero(d);
  }
  // Two stretches of one loop, with the prefetch of C between them: earlier, and B would drive it out of L1 again.
  const std::size_t whole = depth / unroll * unroll;
  std::size_t stop = whole > c_ahead ? whole - c_ahead : 0;
  for (std::size_t p = 0;; stop = whole) {
    for (; p < stop; p += unroll, a += unroll, b += unroll * width) {
      CONCDEMO_UNROLL
      for (std::size_t at = 0; at < unroll * width; at += line) hwy::Prefetch(b + b_ahead * width + at);
      __builtin_prefetch(ahead + p, 0, 2);
      CONCDEMO_UNROLL
      for (std::size_t u = 0; u < unroll; ++u) add_products<rows, vectors>(a + u, b + u * width, acc);
    }
    if (p == whole) break;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t at = 0; at < width; at += line) hwy::Prefetch(c + r * c_stride + at);
      hwy::Prefetch(c + r * c_stride + width - 1);  // rows of C begin anywhere in a cache line
    }
  }
  for (std::size_t p = whole; p < depth; ++p, ++a, b += width) add_products<rows, vectors>(a, b, acc);

  const Vector nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  CONCDEMO_UNROLL
  for (std::size_t r = 0; r < rows; ++r) {
    CONCDEMO_UNROLL
    for (std::size_t v = 0; v < vectors; ++v) {
      double* target = c + r * c_stride + v * lanes;
      const Vector sum = hn::Add(zero ? hn::Zero(d) : hn::LoadU(d, target), acc[r][v]);
      hn::StoreU(hn::IfThenElse(hn::IsNaN(sum), nan, sum), d, target);
    }
  }
}

// Rows of A one after the other, matmul_block_k apart; rows up to `height` become zeros.
inline void pack_a(const double* a, std::size_t stride, std::size_t rows, std::size_t height, std::size_t depth,
                   double* packed) {
  const Tag d;
  const std::size_t whole = depth - depth % lanes;
  for (std::size_t r = 0; r < rows; ++r, a += stride, packed += matmul_block_k) {
    for (std::size_t p = 0; p < whole; p += lanes) hn::Store(hn::LoadU(d, a + p), d, packed + p);
    for (std::size_t p = whole; p < depth; ++p) packed[p] = a[p];
  }
  for (std::size_t r = rows; r < height; ++r, packed += matmul_block_k) std::fill_n(packed, depth, 0.0);
}

// B in slivers as wide as a tile, one after the other, row by row; the last is filled up to whole vectors with zeros.
inline void pack_b(const double* b, std::size_t stride, std::size_t columns, std::size_t depth, double* packed) {
  constexpr std::size_t rows_ahead = 4;
  const Tag d;
  const std::size_t last = columns % tile_columns, padded = whole_vectors(last);
  for (std::size_t p = 0; p < depth; ++p, b += stride) {
    for (std::size_t j = 0; j < columns - last; j += tile_columns) {
      double* to = packed + j * depth + p * tile_columns;
      __builtin_prefetch(b + rows_ahead * stride + j);
      __builtin_prefetch(b + rows_ahead * stride + j + tile_columns / 2);
      CONCDEMO_UNROLL
      for (std::size_t v = 0; v < tile_vectors; ++v) hn::Store(hn::LoadU(d, b + j + v * lanes), d, to + v * lanes);
    }
    double* to = packed + (columns - last) * depth + p * padded;
    std::copy_n(b + columns - last, last, to);
    std::fill(to + last, to + padded, 0.0);
  }
}

// Packed rows of A (at most `height`, which is what they are padded to) against the packed block of B.
template <std::size_t height>
void add_strip(const double* a, const double* next_a, std::size_t a_stride, const double* b, std::size_t depth,
               double* c, std::size_t c_stride, std::size_t rows, std::size_t columns, bool zero) {
  for (std::size_t j = 0; j < columns; j += tile_columns, b += tile_columns * depth) {
    const std::size_t width = std::min(tile_columns, columns - j), padded = whole_vectors(width);
    auto tile = add_tile<height, 1>;
    if (padded == 2 * lanes) tile = add_tile<height, 2>;
    if (padded == tile_columns) tile = add_tile<height, tile_vectors>;
    const double* ahead = next_a + std::min(j / tile_columns, height - 1) * a_stride;
    if (rows == height && width == padded) {
      tile(a, b, depth, c + j, c_stride, zero, ahead);
      continue;
    }
    // At an edge a whole tile is computed aside; its surplus is never stored.
    double edge[height * tile_columns] = {};
    for (std::size_t r = 0; r < rows && !zero; ++r) std::copy_n(c + r * c_stride + j, width, edge + r * tile_columns);
    tile(a, b, depth, edge, tile_columns, zero, ahead);
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(edge + r * tile_columns, width, c + r * c_stride + j);
  }
}

// The rectangle `task` of C, block of k by block of k.
inline void multiply_add(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, const MatmulTask& task,
                         MatmulBuffers& buffers, bool from_zero) {
  for (std::size_t p = 0; p < a.columns; p += matmul_block_k) {
    const std::size_t depth = std::min(matmul_block_k, a.columns - p);
    pack_b(b.data + p * b.stride + task.column, b.stride, task.columns, depth, buffers.b);
    for (std::size_t i = 0; i < task.rows; i += tile_rows) {
      const std::size_t rows = std::min(tile_rows, task.rows - i);
      const std::size_t height = rows == 1 ? 1 : rows <= 4 ? 4 : tile_rows;
      const double* a_rows = a.data + (task.row + i) * a.stride + p;
      double* c_rows = c.data + (task.row + i) * c.stride + task.column;
      pack_a(a_rows, a.stride, rows, height, depth, buffers.a);
      const auto strip = height == 1 ? add_strip<1> : height == 4 ? add_strip<4> : add_strip<tile_rows>;
      strip(buffers.a, a_rows + rows * a.stride, a.stride, buffers.b, depth, c_rows, c.stride, rows, task.columns,
            from_zero && p == 0);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#endif
