#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matvec.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/matvec.hpp"
#include "kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#ifndef CONCDEMO_MATVEC_ONCE
#define CONCDEMO_MATVEC_ONCE
namespace concdemo {

constexpr std::size_t matvec_lanes = 16;  // defines the bits

// What follows the vector part of a row: columns from `begin` on, then the tree.
inline double matvec_finish(double* acc, const double* a, const double* x, std::size_t begin, std::size_t n) {
  for (std::size_t j = begin; j < n; ++j) acc[j % matvec_lanes] = std::fma(a[j], x[j], acc[j % matvec_lanes]);
  for (std::size_t h = matvec_lanes / 2; h > 0; h /= 2) {
    for (std::size_t l = 0; l < h; ++l) acc[l] = acc[l] + acc[l + h];
  }
  return std::isnan(acc[0]) ? std::numeric_limits<double>::quiet_NaN() : acc[0];
}

}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t width = HWY_MAX_BYTES / sizeof(double);
constexpr std::size_t vectors = matvec_lanes / width;  // of a row's 16 lanes

// A row shorter than a few pages ends before the hardware has foreseen it: rows one by one, which is all of A in order,
// and fetched so far ahead (elements), over their ends. Longer ones are streams that the hardware follows, side by
// side.
constexpr std::size_t short_row = 1500, prefetch_elements = 512;

// Rows side by side share each load of x and hide the latency of the FMAs.
template <std::size_t rows, bool prefetch>
void multiply_rows(const double* a, const double* x, double* y, std::size_t n) {
  const Tag d;
  Vector acc[rows][vectors];
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t v = 0; v < vectors; ++v) acc[r][v] = hn::Zero(d);
  const std::size_t whole = n - n % matvec_lanes;
  for (std::size_t j = 0; j < whole; j += matvec_lanes) {
    if constexpr (prefetch)
      for (std::size_t l = 0; l < matvec_lanes; l += 8) hwy::Prefetch(a + j + prefetch_elements + l);
    for (std::size_t v = 0; v < vectors; ++v) {
      const Vector x_j = hn::LoadU(d, x + j + v * width);
      for (std::size_t r = 0; r < rows; ++r)
        acc[r][v] = hn::MulAdd(hn::LoadU(d, a + r * n + j + v * width), x_j, acc[r][v]);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    double lane[matvec_lanes];
    for (std::size_t v = 0; v < vectors; ++v) hn::StoreU(acc[r][v], d, lane + v * width);
    y[r] = matvec_finish(lane, a + r * n, x, whole, n);
  }
}

void multiply(const double* a, const double* x, double* y, std::size_t m, std::size_t n) {
  constexpr std::size_t rows = vectors <= 2 ? 4 : 2;
  std::size_t i = 0;
  for (; n >= short_row && i + rows <= m; i += rows) multiply_rows<rows, false>(a + i * n, x, y + i, n);
  for (; i < m; ++i) multiply_rows<1, true>(a + i * n, x, y + i, n);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(multiply);
}

void matvec(std::span<const double> a, std::span<const double> x, std::span<double> y, std::size_t m, std::size_t n,
            int threads) {
  const bool scalar = simd_is_scalar();
  const std::size_t grain = std::clamp<std::size_t>((1 << 15) / std::max<std::size_t>(n, 1), 4, 4096) / 4 * 4;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t begin = 0; begin < m; begin += grain) {
    const std::size_t rows = std::min(grain, m - begin);
    if (scalar) {
      for (std::size_t i = begin; i < begin + rows; ++i) y[i] = matvec_row_reference(a.subspan(i * n, n), x);
    } else {
      HWY_DYNAMIC_DISPATCH(multiply)(a.data() + begin * n, x.data(), y.data() + begin, rows, n);
    }
  }
}

double matvec_row_reference(std::span<const double> a_row, std::span<const double> x) {
  double acc[matvec_lanes] = {};
  return matvec_finish(acc, a_row.data(), x.data(), 0, x.size());
}

void matvec_plain(std::span<const double> a, std::span<const double> x, std::span<double> y, std::size_t m,
                  std::size_t n, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < m; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += a[i * n + j] * x[j];
    y[i] = sum;
  }
}

}  // namespace concdemo
#endif
