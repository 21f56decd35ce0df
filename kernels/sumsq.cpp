#include "kernels/sumsq.hpp"

#include "kernels/dot.hpp"

namespace concdemo {

ExactProductSum sumsq_exact(std::span<const double> x, int threads) { return dot_exact(x, x, threads); }

double sumsq_plain(std::span<const double> x, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(in) schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += in[i] * in[i];
  return sum;
}

ExactProductSum sumsq_reference(std::span<const double> x, int threads) { return dot_reference(x, x, threads); }

}  // namespace concdemo
