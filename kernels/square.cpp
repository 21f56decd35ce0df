#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/square.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/past_cache.hpp"
#include "kernels/simd.hpp"
#include "kernels/square.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Writes whole vectors; returns how many of the n elements those were. Streamed, past the caches, y must be aligned.
template <bool streamed>
std::size_t square_with(const double* x, double* y, std::size_t n) {
  const hn::ScalableTag<double> d;
  const auto nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    const auto squared = hn::Mul(value, value);
    const auto result = hn::IfThenElse(hn::Eq(squared, squared), squared, nan);
    if constexpr (streamed) hn::Stream(result, d, y + i);
    else hn::StoreU(result, d, y + i);
  }
  if constexpr (streamed) hwy::FlushStream();
  return i;
}

std::size_t square_vectors(const double* x, double* y, std::size_t n) { return square_with<false>(x, y, n); }
std::size_t square_streamed(const double* x, double* y, std::size_t n) { return square_with<true>(x, y, n); }

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(square_vectors);
HWY_EXPORT(square_streamed);

void square_scalar(const double* x, double* y, std::size_t n) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < n; ++i) {
    const double value = x[i] * x[i];
    y[i] = value == value ? value : nan;
  }
}

std::size_t square_none(const double*, double*, std::size_t) { return 0; }  // for the scalar target

// In grains, which make the dispatch free; each starts where `y` is aligned, if it is streamed.
void square_grains(std::span<const double> x, std::span<double> y, int threads, std::size_t grain,
                   std::size_t (*vectors)(const double*, double*, std::size_t), std::size_t head) {
  const std::size_t n = x.size();
  const double* in = x.data();
  double* out = y.data();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t begin = 0; begin < n; begin += grain) {
    const std::size_t end = std::min(begin + grain, n);
    const std::size_t start = std::min(begin + head, end);
    const std::size_t rest = start + vectors(in + start, out + start, end - start);
    square_scalar(in + begin, out + begin, start - begin);
    square_scalar(in + rest, out + rest, end - rest);
  }
}

}  // namespace

void square(std::span<const double> x, std::span<double> y, int threads) {
  // In place the line is there anyway.
  if (is_past_cache(2 * y.size_bytes()) && x.data() != y.data()) return square_past_cache(x, y, threads);
  square_grains(x, y, threads, 1024, simd_is_scalar() ? square_none : HWY_DYNAMIC_DISPATCH(square_vectors), 0);
}

void square_past_cache(std::span<const double> x, std::span<double> y, int threads) {
  if (simd_is_scalar()) return square_grains(x, y, threads, 1024, square_none, 0);
  const std::size_t head = (64 - reinterpret_cast<std::uintptr_t>(y.data()) % 64) % 64 / sizeof(double);
  square_grains(x, y, threads, std::size_t{1} << 16, HWY_DYNAMIC_DISPATCH(square_streamed), head);
}

void square_plain(std::span<const double> x, std::span<double> y, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double* out = y.data();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = in[i] * in[i];
}

}  // namespace concdemo
#endif
