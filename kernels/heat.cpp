#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/heat.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/heat.hpp"
#include "kernels/past_cache.hpp"
#include "kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#ifndef CONCDEMO_HEAT_ONCE
#define CONCDEMO_HEAT_ONCE
namespace concdemo {

// A row of one level: computed from three rows of the level below, all shifted so that index j is column j.
struct HeatRow {
  const double* north;
  const double* here;
  const double* south;
  double* out;
};

inline double heat_point(const HeatRow& row, std::ptrdiff_t j, double alpha) {
  const double u = row.here[j];
  return u + alpha * (((row.north[j] + row.south[j]) + (row.here[j - 1] + row.here[j + 1])) - 4 * u);
}

enum class HeatStore { cached, last, streamed };  // last: cached, with canonical NaN, as streamed

}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Columns [begin, end), at least one vector of them. The first and the last vector may overlap others: computed twice.
template <HeatStore store>
void heat_vectors(const HeatRow& row, std::ptrdiff_t begin, std::ptrdiff_t end, double alpha) {
  const hn::ScalableTag<double> d;
  const auto lanes = static_cast<std::ptrdiff_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, alpha);
  const auto four = hn::Set(d, 4);
  const auto nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  const double* HWY_RESTRICT north = row.north;
  const double* HWY_RESTRICT here = row.here;
  const double* HWY_RESTRICT south = row.south;
  double* HWY_RESTRICT out = row.out;
  const auto next = [&](std::ptrdiff_t j) HWY_ATTR {
    const auto u = hn::LoadU(d, here + j);
    const auto vertical = hn::Add(hn::LoadU(d, north + j), hn::LoadU(d, south + j));
    const auto horizontal = hn::Add(hn::LoadU(d, here + j - 1), hn::LoadU(d, here + j + 1));
    const auto around = hn::Sub(hn::Add(vertical, horizontal), hn::Mul(four, u));
    const auto value = hn::Add(u, hn::Mul(factor, around));
    return store == HeatStore::cached ? value : hn::IfThenElse(hn::Eq(value, value), value, nan);
  };
  const std::ptrdiff_t rest =
      static_cast<std::ptrdiff_t>(reinterpret_cast<std::uintptr_t>(out + begin) / sizeof(double)) % lanes;
  std::ptrdiff_t j = begin;
  if (rest != 0) {
    hn::StoreU(next(j), d, out + j);
    j += lanes - rest;
  }
  for (; j + lanes <= end; j += lanes) {
    if constexpr (store == HeatStore::streamed) hn::Stream(next(j), d, out + j);
    else hn::Store(next(j), d, out + j);
  }
  if (j < end) hn::StoreU(next(end - lanes), d, out + end - lanes);
}

void heat_columns(HeatStore store, const HeatRow& row, std::ptrdiff_t begin, std::ptrdiff_t end, double alpha) {
  if (store == HeatStore::cached) return heat_vectors<HeatStore::cached>(row, begin, end, alpha);
  if (store == HeatStore::last) return heat_vectors<HeatStore::last>(row, begin, end, alpha);
  heat_vectors<HeatStore::streamed>(row, begin, end, alpha);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(heat_columns);

constexpr std::ptrdiff_t line = 8;              // doubles
constexpr std::ptrdiff_t strip_columns = 1024;  // so that 8 steps' rings, 4 rows each, fit into 512 KiB of cache

double canonical(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

// One thread's pass through a strip of columns. Level t is the grid after t steps; those between the first and the last
// are rings of the four newest rows.
class Strip {
 public:
  Strip(const HeatArrays& arrays, const Window& target, int steps, double alpha, bool streamed, double* buffer)
      : arrays_(arrays),
        target_(target),
        steps_(steps),
        alpha_(alpha),
        streamed_(streamed),
        buffer_(buffer),
        first_column_((target.column_begin - steps) / line * line - line),
        width_(row_doubles(target.columns(), steps)) {}

  static std::ptrdiff_t row_doubles(std::ptrdiff_t columns, int steps) {
    return (columns + 2 * steps + 4 * line) / line * line;
  }
  static std::size_t buffer_doubles(std::ptrdiff_t columns, int steps) {
    return static_cast<std::size_t>((steps - 1) * 4 * row_doubles(columns, steps) + line);
  }

  void run() {
    // At `front`, level t does row front - t: the row below it is one that level t - 1 has just done.
    for (std::ptrdiff_t front = target_.row_begin - steps_ + 2; front < target_.row_end + steps_; ++front) {
      for (int level = 1; level <= steps_; ++level) {
        const Window area = intersection(grown(target_, steps_ - level), arrays_.domain);
        const std::ptrdiff_t i = front - level;
        if (i >= area.row_begin && i < area.row_end) do_row(level, i, area.column_begin, area.column_end);
      }
    }
    if (streamed_) hwy::FlushStream();
  }

 private:
  const double* row_of(int level, std::ptrdiff_t i) const {
    return level == 0 ? arrays_.in + i * arrays_.stride : ring_row(level, i);
  }
  double* ring_row(int level, std::ptrdiff_t i) const {
    return buffer_ + ((level - 1) * 4 + (i & 3)) * width_ - first_column_;
  }

  void do_row(int level, std::ptrdiff_t i, std::ptrdiff_t begin, std::ptrdiff_t end) const {
    const Window& domain = arrays_.domain;
    const bool last = level == steps_;
    HeatRow row{nullptr, row_of(level - 1, i), nullptr, last ? arrays_.out + i * arrays_.stride : ring_row(level, i)};
    const auto keep = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
      for (std::ptrdiff_t j = from; j < to; ++j) row.out[j] = last ? canonical(row.here[j]) : row.here[j];
    };
    if (i == domain.row_begin || i == domain.row_end - 1) return keep(begin, end);
    row.north = row_of(level - 1, i - 1);
    row.south = row_of(level - 1, i + 1);
    const std::ptrdiff_t first = std::max(begin, domain.column_begin + 1);
    const std::ptrdiff_t stop = std::max(first, std::min(end, domain.column_end - 1));
    keep(begin, std::min(first, end));
    compute(row, first, stop, last);
    keep(std::max(stop, begin), end);
  }

  void compute(const HeatRow& row, std::ptrdiff_t begin, std::ptrdiff_t end, bool last) const {
    const auto scalars = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
      for (std::ptrdiff_t j = from; j < to; ++j) {
        const double value = heat_point(row, j, alpha_);
        row.out[j] = last ? canonical(value) : value;
      }
    };
    if (simd_is_scalar() || end - begin < line) return scalars(begin, end);
    const HeatStore store = !last ? HeatStore::cached : streamed_ ? HeatStore::streamed : HeatStore::last;
    HWY_DYNAMIC_DISPATCH(heat_columns)(store, row, begin, end, alpha_);
  }

  const HeatArrays& arrays_;
  const Window target_;
  const int steps_;
  const double alpha_;
  const bool streamed_;
  double* const buffer_;
  const std::ptrdiff_t first_column_;  // of the rings
  const std::ptrdiff_t width_;
};

}  // namespace

Window intersection(const Window& a, const Window& b) {
  return {std::max(a.row_begin, b.row_begin), std::min(a.row_end, b.row_end), std::max(a.column_begin, b.column_begin),
          std::min(a.column_end, b.column_end)};
}

Window grown(const Window& a, std::ptrdiff_t by) {
  return {a.row_begin - by, a.row_end + by, a.column_begin - by, a.column_end + by};
}

void heat_steps(const HeatArrays& arrays, const Window& target, int steps, double alpha, int threads) {
  const std::ptrdiff_t rows = target.rows(), columns = target.columns();
  if (rows == 0 || columns == 0) return;
  const bool streamed = is_past_cache(static_cast<std::size_t>(rows * arrays.stride) * 2 * sizeof(double));
  const std::ptrdiff_t strips = std::max<std::ptrdiff_t>(1, (columns + strip_columns / 2) / strip_columns);
  // Strips begin at whole lines, so that no two threads write one.
  const auto edge = [&](std::ptrdiff_t s) {
    return target.column_begin + (s == strips ? columns : columns * s / strips / line * line);
  };
  const std::ptrdiff_t bands = std::min<std::ptrdiff_t>(rows, threads);
  const std::size_t room = Strip::buffer_doubles((columns + strips - 1) / strips + line, steps);
#pragma omp parallel num_threads(threads)
  {
    const auto memory = std::make_unique_for_overwrite<double[]>(room);
    double* buffer = memory.get() + (64 - reinterpret_cast<std::uintptr_t>(memory.get()) % 64) % 64 / sizeof(double);
#pragma omp for schedule(static) collapse(2)
    for (std::ptrdiff_t band = 0; band < bands; ++band) {
      for (std::ptrdiff_t s = 0; s < strips; ++s) {
        const Window part{target.row_begin + rows * band / bands, target.row_begin + rows * (band + 1) / bands, edge(s),
                          edge(s + 1)};
        Strip(arrays, part, steps, alpha, streamed, buffer).run();
      }
    }
  }
}

void heat_plain(const HeatArrays& arrays, const Window& target, double alpha, int threads) {
  const double* in = arrays.in;
  double* out = arrays.out;
  const std::ptrdiff_t stride = arrays.stride;
  const Window& domain = arrays.domain;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = target.row_begin; i < target.row_end; ++i) {
    for (std::ptrdiff_t j = target.column_begin; j < target.column_end; ++j) {
      const bool fixed =
          i == domain.row_begin || i == domain.row_end - 1 || j == domain.column_begin || j == domain.column_end - 1;
      const double* u = in + i * stride + j;
      out[i * stride + j] = fixed ? *u : *u + alpha * (((u[-stride] + u[stride]) + (u[-1] + u[1])) - 4 * *u);
    }
  }
}

}  // namespace concdemo
#endif
