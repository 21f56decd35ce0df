#include "kernels/dot.hpp"

#include "kernels/accumulate_parts.hpp"

namespace concdemo {

ExactProductSum dot_exact(std::span<const double> x, std::span<const double> y, int threads) {
  return accumulate_parts<ExactProductSum>(x.size(), threads,
                                           [x, y](ExactProductSum& sum, std::size_t begin, std::size_t end) {
                                             sum.add(x.subspan(begin, end - begin), y.subspan(begin, end - begin));
                                           });
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

ExactProductSum dot_reference(std::span<const double> x, std::span<const double> y, int threads) {
  return accumulate_parts<ExactProductSum>(x.size(), threads,
                                           [x, y](ExactProductSum& sum, std::size_t begin, std::size_t end) {
                                             for (std::size_t i = begin; i < end; ++i) sum.add(x[i], y[i]);
                                           });
}

}  // namespace concdemo
