#include "kernels/square.hpp"

#include <limits>

namespace concdemo {

void square(std::span<const double> x, std::span<double> y, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double* out = y.data();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double value = in[i] * in[i];
    out[i] = value == value ? value : nan;
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
