#pragma once
#include "kernels/exact_accumulator.hpp"

#include <bit>
#include <span>

namespace concdemo {

// The real sum of doubles, whatever their order, size and sign; rounded once, in round(). 68 limbs cover every double:
// from 2^-1074, with room for 2^64 terms. See ExactAccumulator for merge, round, limbs and counters.
class ExactSum : public ExactAccumulator<68, -1074> {
 public:
  // The reference: one term into its limbs.
  void add(double x) {
    const auto [significand, exponent, negative, finite] = parts_of(std::bit_cast<std::uint64_t>(x));
    if (!finite) return add_not_finite(x);
    if (significand == 0) return add_zero(negative);
    add_scaled(significand, exponent, negative);
  }
  // The same terms at memory speed, by the selected SIMD target; one thread.
  void add(std::span<const double> x);
  void add(std::span<const float> x);
};

}  // namespace concdemo
