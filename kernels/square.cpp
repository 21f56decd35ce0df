// clang-format off
#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/square.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on
#include "kernels/square.hpp"
#include "kernels/simd.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Writes whole vectors; returns how many of the n elements those were.
std::size_t square_vectors(const double* x, double* y, std::size_t n) {
  const hn::ScalableTag<double> d;
  const auto nan = hn::Set(d, std::numeric_limits<double>::quiet_NaN());
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, x + i);
    const auto squared = hn::Mul(value, value);
    hn::StoreU(hn::IfThenElse(hn::Eq(squared, squared), squared, nan), d, y + i);
  }
  return i;
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(square_vectors);
}

void square(std::span<const double> x, std::span<double> y, int threads) {
  const std::size_t n = x.size();
  const double* in = x.data();
  double* out = y.data();
  const bool scalar = simd_is_scalar();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr std::size_t grain = 1024;  // elements: enough to make the dispatch free
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t begin = 0; begin < n; begin += grain) {
    const std::size_t end = std::min(begin + grain, n);
    std::size_t i = begin;
    if (!scalar) i += HWY_DYNAMIC_DISPATCH(square_vectors)(in + begin, out + begin, end - begin);
    for (; i < end; ++i) {
      const double value = in[i] * in[i];
      out[i] = value == value ? value : nan;
    }
  }
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
