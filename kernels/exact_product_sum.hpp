#pragma once
#include "kernels/exact_accumulator.hpp"

#include <bit>
#include <span>

namespace concdemo {

// The real sum of products of two doubles. A product counts as the real number it is, beyond the range of double and
// below it too: 1e200 * 1e200 - 1e200 * 1e200 is 0. With a NaN or an infinity it is what IEEE says (0 * inf is NaN).
// 134 limbs cover every product: from 2^-2148, with room for 2^64 terms.
class ExactProductSum : public ExactAccumulator<134, -2148> {
 public:
  // The reference: one product into its limbs.
  void add(double x, double y) {
    const DoubleParts a = parts_of(std::bit_cast<std::uint64_t>(x));
    const DoubleParts b = parts_of(std::bit_cast<std::uint64_t>(y));
    if (!a.finite || !b.finite) return add_not_finite(x * y);
    const UInt128 significand = static_cast<UInt128>(a.significand) * b.significand;
    if (significand == 0) return add_zero(a.negative != b.negative);
    add_scaled(significand, a.exponent + b.exponent, a.negative != b.negative);
  }
  // The same of x[i] * y[i] at memory speed, by the selected SIMD target; one thread. Equal lengths. Squares, that is x
  // and y the same place, have a faster way of their own (add_squares).
  void add(std::span<const double> x, std::span<const double> y);
  void add(std::span<const float> x, std::span<const float> y);

  // The way of add() for any x and y.
  void add_products(std::span<const double> x, std::span<const double> y);
  void add_products(std::span<const float> x, std::span<const float> y);
};

}  // namespace concdemo
