#include "kernels/row_products.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/highway.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_products.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t sum_block = 256;  // terms that are added before they join the sum
constexpr std::size_t prefetch_elements = 256;

template <bool bounded>
void add_row(const double* HWY_RESTRICT a, std::size_t columns, const double* HWY_RESTRICT x,
             const double* HWY_RESTRICT weight, double& sum, double& magnitude) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d), step = 4 * lanes;
  for (std::size_t begin = 0; begin < columns; begin += sum_block) {
    const std::size_t end = std::min(begin + sum_block, columns);
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, m0 = s0, m1 = s0, m2 = s0, m3 = s0;
    std::size_t j = begin;
    for (; j + step <= end; j += step) {
      const auto a0 = hn::LoadU(d, a + j), a1 = hn::LoadU(d, a + j + lanes);
      const auto a2 = hn::LoadU(d, a + j + 2 * lanes), a3 = hn::LoadU(d, a + j + 3 * lanes);
      for (std::size_t line = 0; line < step; line += 8) hwy::Prefetch(a + j + prefetch_elements + line);
      s0 = hn::MulAdd(a0, hn::LoadU(d, x + j), s0);
      s1 = hn::MulAdd(a1, hn::LoadU(d, x + j + lanes), s1);
      s2 = hn::MulAdd(a2, hn::LoadU(d, x + j + 2 * lanes), s2);
      s3 = hn::MulAdd(a3, hn::LoadU(d, x + j + 3 * lanes), s3);
      if constexpr (bounded) {
        m0 = hn::MulAdd(hn::Abs(a0), hn::LoadU(d, weight + j), m0);
        m1 = hn::MulAdd(hn::Abs(a1), hn::LoadU(d, weight + j + lanes), m1);
        m2 = hn::MulAdd(hn::Abs(a2), hn::LoadU(d, weight + j + 2 * lanes), m2);
        m3 = hn::MulAdd(hn::Abs(a3), hn::LoadU(d, weight + j + 3 * lanes), m3);
      }
    }
    double part = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
    double bound = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(m0, m1), hn::Add(m2, m3))));
    for (; j < end; ++j) {
      part += a[j] * x[j];
      if constexpr (bounded) bound += std::abs(a[j]) * weight[j];
    }
    sum += part;
    if constexpr (bounded) magnitude += bound;
  }
}

void add_products(const MatrixView& a, const double* x, const double* weight, double* sum, double* magnitude,
                  std::size_t row) {
  const double* data = a.data + row * a.stride;
  if (magnitude == nullptr) return add_row<false>(data, a.columns, x, nullptr, sum[row], sum[row]);
  add_row<true>(data, a.columns, x, weight, sum[row], magnitude[row]);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(add_products);

void row_products(const MatrixView& a, std::span<const double> x, std::span<const double> weight, std::span<double> sum,
                  std::span<double> magnitude, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < a.rows; ++i) {
    HWY_DYNAMIC_DISPATCH(add_products)
    (a, x.data(), weight.data(), sum.data(), magnitude.empty() ? nullptr : magnitude.data(), i);
  }
}

}  // namespace concdemo
#endif
