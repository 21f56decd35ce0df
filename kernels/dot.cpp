#include "kernels/dot.hpp"

#include "kernels/parts.hpp"

namespace concdemo {

ExactProductSum dot_exact(std::span<const double> x, std::span<const double> y, int threads) {
  return accumulate_parts<ExactProductSum>(
      x.size(), threads, [x, y](ExactProductSum& sum, std::size_t begin, std::size_t end) {
        sum.add(x.subspan(begin, end - begin), y.subspan(begin, end - begin));
      });
}

double dot_plain(std::span<const double> x, std::span<const double> y, int threads) {
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) schedule(static) reduction(+ : sum)
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

ExactProductSum dot_reference(std::span<const double> x, std::span<const double> y, int threads) {
  return accumulate_parts<ExactProductSum>(
      x.size(), threads, [x, y](ExactProductSum& sum, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) sum.add(x[i], y[i]);
      });
}

}  // namespace concdemo
