#include "kernels/sum.hpp"

#include "kernels/parts.hpp"

namespace concdemo {

ExactSum sum_exact(std::span<const double> x, int threads) {
  return accumulate_parts<ExactSum>(x.size(), threads, [x](ExactSum& sum, std::size_t begin, std::size_t end) {
    sum.add(x.subspan(begin, end - begin));
  });
}

double sum_plain(std::span<const double> x, int threads) {
  double sum = 0;
#pragma omp parallel for simd num_threads(threads) schedule(static) reduction(+ : sum)
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i];
  return sum;
}

ExactSum sum_reference(std::span<const double> x, int threads) {
  return accumulate_parts<ExactSum>(x.size(), threads, [x](ExactSum& sum, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) sum.add(x[i]);
  });
}

}  // namespace concdemo
