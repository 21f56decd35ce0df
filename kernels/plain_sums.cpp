#include "kernels/plain_sums.hpp"

#include <cstddef>

// firstprivate: clang vectorises only what no other thread can change.
namespace concdemo {

double sum_plain(std::span<const double> x, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(in) schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += in[i];
  return sum;
}

double sumsq_plain(std::span<const double> x, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(in) schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += in[i] * in[i];
  return sum;
}

double dot_plain(std::span<const double> x, std::span<const double> y, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* left = x.data();
  const double* right = y.data();
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(left, right) schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += left[i] * right[i];
  return sum;
}

}  // namespace concdemo
