#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/past_cache.hpp"
#include "kernels/simd.hpp"
#include "kernels/transpose.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#ifndef CONCDEMO_TRANSPOSE_ONCE
#define CONCDEMO_TRANSPOSE_ONCE
namespace concdemo {

constexpr std::size_t line = 64 / sizeof(double);  // elements of a cache line, and rows of a register block
// Rows of A in a tile, so that each row of B gets a run of lines, and columns, so that each row of A gives one. A tile
// and the next one fit into most second-level caches.
constexpr std::size_t tile_rows = 128, tile_columns = 256;
// Few rows are streams that the hardware foresees as long as they last, and two lines for each row of B.
constexpr std::size_t flat_tile_rows = 16, flat_tile_columns = 1024;
constexpr std::size_t lines_ahead = 16;  // what is fetched in the rows of a tile that is as wide as A

// How a tile is written: ordinary stores; past the caches from registers, where the tile's rows of B start at lines; or
// past the caches through a strip of rows in the first-level cache, which takes rows of B that start anywhere.
enum class Store { ordinary, lines, strips };

struct TransposeTile {
  const double* a;
  std::size_t a_stride;
  double* b;
  std::size_t b_stride;
  std::size_t rows, columns;  // of A
  const double* next;         // where the next tile begins in A, to be fetched meanwhile; null: these rows, further on
};

inline void transpose_part(const TransposeTile& t, std::size_t row, std::size_t row_end, std::size_t column,
                           std::size_t column_end) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t j = column; j < column_end; ++j) {
    for (std::size_t i = row; i < row_end; ++i) {
      const double value = t.a[i * t.a_stride + j];
      t.b[j * t.b_stride + i] = value == value ? value : nan;
    }
  }
}

}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // one lane has no halves; never called (see kernels/highway.hpp)
void transpose_tile(const TransposeTile& t, Store) { transpose_part(t, 0, t.rows, 0, t.columns); }
#else

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = HWY_MAX_BYTES / sizeof(double);

// `lanes` rows of A, `lanes` columns: out[c] becomes column c. Of 4 lanes and more, each group of four is a 4 x 4 block
// of its own; of 8, the lower group holds rows 0 to 3 and the upper one rows 4 to 7.
template <std::size_t width>
HWY_INLINE void load_columns(const double* a, std::size_t stride, Vector (&out)[width]) {
  const Tag d;
  if constexpr (width == 2) {
    const Vector row0 = hn::LoadU(d, a), row1 = hn::LoadU(d, a + stride);
    out[0] = hn::InterleaveLower(d, row0, row1);
    out[1] = hn::InterleaveUpper(d, row0, row1);
  } else {
    const hn::Half<Tag> half;
    for (std::size_t c = 0; c < width; c += 4) {
      Vector row[4];
      for (std::size_t r = 0; r < 4; ++r) {
        const double* at = a + r * stride + c;
        if constexpr (width == 8) row[r] = hn::Combine(d, hn::LoadU(half, at + 4 * stride), hn::LoadU(half, at));
        else row[r] = hn::LoadU(d, at);
      }
      for (std::size_t p = 0; p < 2; ++p) {
        const Vector top = p == 0 ? hn::InterleaveLower(d, row[0], row[1]) : hn::InterleaveUpper(d, row[0], row[1]);
        const Vector low = p == 0 ? hn::InterleaveLower(d, row[2], row[3]) : hn::InterleaveUpper(d, row[2], row[3]);
        out[c + p] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(low), top);
        out[c + p + 2] = hn::OddEvenBlocks(low, hn::SwapAdjacentBlocks(top));
      }
    }
  }
}

HWY_INLINE Vector canonical(Vector value) {
  const auto nan = hn::Set(Tag(), std::numeric_limits<double>::quiet_NaN());
  return hn::IfThenElse(hn::Eq(value, value), value, nan);
}

// One line of B from each of `lanes` columns: 8 rows of A.
template <class Write>
HWY_INLINE void block(const double* a, std::size_t stride, const Write& write) {
  constexpr std::size_t groups = line / lanes;
  Vector out[groups][lanes];
  for (std::size_t g = 0; g < groups; ++g) load_columns(a + g * lanes * stride, stride, out[g]);
  for (std::size_t c = 0; c < lanes; ++c)
    for (std::size_t g = 0; g < groups; ++g) write(c, g * lanes, canonical(out[g][c]));
}

// Fetches the next tile into the second-level cache, line by line along its rows, while this one is written: the loads
// of a tile reach over too many rows for the hardware to foresee.
struct Ahead {
  const double* row;
  std::size_t stride, columns, at;
  HWY_INLINE void fetch_line() {
    __builtin_prefetch(row + at, 0, 2);
    at += line;
    if (at >= columns) at = 0, row += stride;
  }
};

template <bool streamed>
void tile_from_registers(const TransposeTile& t) {
  const Tag d;
  const std::size_t rows = t.rows / line * line, columns = t.columns / lanes * lanes;
  Ahead ahead{t.next, t.a_stride, t.columns, 0};
  for (std::size_t j = 0; j < columns; j += lanes) {
    for (std::size_t i = 0; i < rows; i += line) {
      double* to = t.b + j * t.b_stride + i;
      const double* from = t.a + i * t.a_stride + j;
      const double* further = from + j % line * t.a_stride + lines_ahead * line;  // of another row each time
      block(from, t.a_stride, [&](std::size_t c, std::size_t k, Vector value) HWY_ATTR {
        if constexpr (streamed) hn::Stream(value, d, to + c * t.b_stride + k);
        else hn::StoreU(value, d, to + c * t.b_stride + k);
        if (k != 0) return;
        if (streamed && t.next == nullptr) __builtin_prefetch(further + c * t.a_stride, 0, 2);
        else ahead.fetch_line();
      });
    }
  }
}

// Rows of B from a strip of them: partial lines at their ends by ordinary stores, whole ones past the caches.
void tile_from_strips(const TransposeTile& t) {
  const Tag d;
  alignas(64) double strip[lanes][tile_rows];
  const std::size_t rows = t.rows / line * line, columns = t.columns / lanes * lanes;
  Ahead ahead{t.next, t.a_stride, t.columns, 0};
  for (std::size_t j = 0; j < columns; j += lanes) {
    for (std::size_t i = 0; i < rows; i += line) {
      block(t.a + i * t.a_stride + j, t.a_stride, [&](std::size_t c, std::size_t k, Vector value) HWY_ATTR {
        hn::Store(value, d, &strip[c][i + k]);
        if (k == 0) ahead.fetch_line();
      });
    }
    for (std::size_t c = 0; c < lanes; ++c) {
      double* to = t.b + (j + c) * t.b_stride;
      const std::size_t past = reinterpret_cast<std::uintptr_t>(to) % 64 / sizeof(double);
      std::size_t i = std::min((line - past) % line, rows);
      std::copy_n(strip[c], i, to);
      for (; i + line <= rows; i += line)
        for (std::size_t k = 0; k < line; k += lanes) hn::Stream(hn::LoadU(d, strip[c] + i + k), d, to + i + k);
      std::copy(strip[c] + i, strip[c] + rows, to + i);
    }
  }
}

void transpose_tile(const TransposeTile& t, Store store) {
  if (store == Store::lines) tile_from_registers<true>(t);
  else if (store == Store::strips) tile_from_strips(t);
  else tile_from_registers<false>(t);
  const std::size_t rows = t.rows / line * line, columns = t.columns / lanes * lanes;  // what that did
  transpose_part(t, rows, t.rows, 0, columns);
  transpose_part(t, 0, t.rows, columns, t.columns);
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(transpose_tile);

// Where lines go past the caches, long rows of A are read 16 at a time from end to end. Where they lie a multiple of
// 16 KiB apart, few sets of a second-level cache hold their lines, 16 of them at 64 KiB: there each tile ends earlier,
// and the next one, which is being fetched, has other columns. Tall tiles go down the rows of A first, so that each row
// of B is written in one run by a thread. All but the first in a column of tiles begin `head` rows later, where the
// rows of B begin a line.
void transpose_tiles(MatrixView a, MatrixSpan b, int threads, Store store, std::size_t head) {
  if (a.rows == 0 || a.columns == 0) return;
  const bool scalar = simd_is_scalar();
  const bool few_sets = a.stride * sizeof(double) % (std::size_t{1} << 14) == 0;
  const bool flat = store == Store::lines && (few_sets || a.columns > flat_tile_columns);
  const bool whole_rows = flat && !few_sets && a.rows / flat_tile_rows >= 8 * static_cast<std::size_t>(threads);
  const std::size_t height = flat ? flat_tile_rows : tile_rows;
  const std::size_t width = whole_rows ? a.columns : flat ? flat_tile_columns : tile_columns;
  const std::size_t down = (a.rows - std::min(head, a.rows) + height - 1) / height + (head > 0 ? 1 : 0);
  const std::size_t across = (a.columns + width - 1) / width;
  const auto row_at = [&](std::size_t y) {
    return std::min(head > 0 && y > 0 ? head + (y - 1) * height : y * height, a.rows);
  };
  const auto row_of = [&](std::size_t index) { return flat ? index / across : index % down; };
  const auto column_of = [&](std::size_t index) { return (flat ? index % across : index / down) * width; };
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static) nowait
    for (std::size_t index = 0; index < down * across; ++index) {
      const std::size_t next = std::min(index + 1, down * across - 1);
      const std::size_t row = row_at(row_of(index)), column = column_of(index);
      const TransposeTile tile{a.data + row * a.stride + column,
                               a.stride,
                               b.data + column * b.stride + row,
                               b.stride,
                               row_at(row_of(index) + 1) - row,
                               std::min(width, a.columns - column),
                               whole_rows ? nullptr : a.data + row_at(row_of(next)) * a.stride + column_of(next)};
      if (scalar) transpose_part(tile, 0, tile.rows, 0, tile.columns);
      else HWY_DYNAMIC_DISPATCH(transpose_tile)(tile, store);
    }
    hwy::FlushStream();
  }
}

}  // namespace

void transpose(MatrixView a, MatrixSpan b, int threads) {
  if (is_past_cache(2 * a.rows * a.columns * sizeof(double))) return transpose_past_cache(a, b, threads);
  transpose_tiles(a, b, threads, Store::ordinary, 0);
}

void transpose_past_cache(MatrixView a, MatrixSpan b, int threads) {
  if (b.stride % line != 0) return transpose_tiles(a, b, threads, Store::strips, 0);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(b.data) % 64 / sizeof(double);
  transpose_tiles(a, b, threads, Store::lines, (line - past) % line);
}

void transpose_plain(MatrixView a, MatrixSpan b, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t j = 0; j < a.columns; ++j) {
    for (std::size_t i = 0; i < a.rows; ++i) b.data[j * b.stride + i] = a.data[i * a.stride + j];
  }
}

}  // namespace concdemo
#endif
