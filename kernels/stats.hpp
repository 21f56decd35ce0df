#pragma once
#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"

#include <cstdint>
#include <limits>
#include <span>

namespace concdemo {

// What count, minimum, maximum, mean and variance are made of. Trivially copyable. Per element: 5 flops, 8 bytes read.
struct Moments {
  std::uint64_t count = 0;
  // -0 < +0; both NaN (0x7ff8000000000000) if any element is NaN, and when there is none.
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  ExactSum sum;
  ExactProductSum squares;

  void add(std::span<const double> x);            // at the selected SIMD target's speed; one thread
  void add_reference(std::span<const double> x);  // element by element
  void merge(const Moments& other);
};

// The same from plain double sums, whose bits depend on threads and compiler.
struct PlainMoments {
  std::uint64_t count = 0;
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  double squares = 0;
};

PlainMoments moments_plain(std::span<const double> x, int threads);  // the textbook loop
Moments moments_reference(std::span<const double> x, int threads);   // what is verified against

}  // namespace concdemo
