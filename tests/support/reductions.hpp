#pragma once
#include <cstddef>
#include <span>

#include "kernels/accumulate_parts.hpp"
#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"
#include "kernels/stats.hpp"

// Exact reductions of an array by the threads of this process, with the vectors that simd.hpp chooses.
namespace concdemo::test {

inline ExactSum sum_exact(std::span<const double> x, int threads) {
  return accumulate_parts<ExactSum>(x.size(), threads, [x](ExactSum& sum, std::size_t begin, std::size_t end) {
    sum.add(x.subspan(begin, end - begin));
  });
}

inline ExactProductSum dot_exact(std::span<const double> x, std::span<const double> y, int threads) {
  return accumulate_parts<ExactProductSum>(x.size(), threads, [&](auto& sum, std::size_t begin, std::size_t end) {
    sum.add(x.subspan(begin, end - begin), y.subspan(begin, end - begin));
  });
}
inline ExactProductSum sumsq_exact(std::span<const double> x, int threads) { return dot_exact(x, x, threads); }

inline Moments moments_exact(std::span<const double> x, int threads) {
  return accumulate_parts<Moments>(x.size(), threads, [x](Moments& moments, std::size_t begin, std::size_t end) {
    moments.add(x.subspan(begin, end - begin));
  });
}

// One scalar addition after the other.
inline ExactProductSum dot_reference(std::span<const double> x, std::span<const double> y) {
  ExactProductSum sum;
  for (std::size_t i = 0; i < x.size(); ++i) sum.add(x[i], y[i]);
  return sum;
}

}  // namespace concdemo::test
