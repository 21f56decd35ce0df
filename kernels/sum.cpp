#include "kernels/sum.hpp"

#include "kernels/accumulate_parts.hpp"

namespace concdemo {

ExactSum sum_exact(std::span<const double> x, int threads) {
  return accumulate_parts<ExactSum>(x.size(), threads, [x](ExactSum& sum, std::size_t begin, std::size_t end) {
    sum.add(x.subspan(begin, end - begin));
  });
}

double sum_plain(std::span<const double> x, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double sum = 0;
// firstprivate: clang vectorises only what no other thread can change.
#pragma omp parallel for simd num_threads(threads) firstprivate(in) schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i) sum += in[i];
  return sum;
}

ExactSum sum_reference(std::span<const double> x, int threads) {
  return accumulate_parts<ExactSum>(x.size(), threads, [x](ExactSum& sum, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) sum.add(x[i]);
  });
}

}  // namespace concdemo
