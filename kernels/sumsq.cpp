#include "kernels/sumsq.hpp"

#include "kernels/dot.hpp"

namespace concdemo {

ExactProductSum sumsq_exact(std::span<const double> x, int threads) { return dot_exact(x, x, threads); }

double sumsq_plain(std::span<const double> x, int threads) {
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) schedule(static) reduction(+ : sum)
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * x[i];
  return sum;
}

ExactProductSum sumsq_reference(std::span<const double> x, int threads) { return dot_reference(x, x, threads); }

}  // namespace concdemo
