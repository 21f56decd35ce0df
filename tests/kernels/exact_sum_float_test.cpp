#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

// Floats of all exponents, subnormals and zeros among them.
std::vector<float> hostile(std::size_t count, unsigned seed, bool special) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    do {
      value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    } while (!special && !std::isfinite(value));
  }
  return values;
}

template <class Sum>
void check_equal(Sum left, Sum right) {
  left.normalise();
  right.normalise();
  CHECK(left.limbs() == right.limbs());
  CHECK(bits(left.round()) == bits(right.round()));
}

}  // namespace

TEST_CASE("exact sums of float32 are those of the same numbers as float64, on every target, at any alignment") {
  for (const bool special : {false, true}) {
    for (const std::size_t count : {0, 1, 255, 256, 257, 4096, 5000, 40000}) {
      const auto x = hostile(count + 16, 1, special);
      const auto y = hostile(count + 16, 2, special);
      const std::vector<double> wide_x(x.begin(), x.end()), wide_y(y.begin(), y.end());
      on_every_target([&] {
        for (const std::size_t offset : {0, 1, 7, 15}) {
          ExactSum sum, wide_sum;
          sum.add(std::span(x).subspan(offset, count));
          for (std::size_t i = 0; i < count; ++i) wide_sum.add(wide_x[offset + i]);
          check_equal(sum, wide_sum);
          ExactProductSum dot, wide_dot;
          dot.add(std::span(x).subspan(offset, count), std::span(y).subspan(offset, count));
          for (std::size_t i = 0; i < count; ++i) wide_dot.add(wide_x[offset + i], wide_y[offset + i]);
          check_equal(dot, wide_dot);
        }
      });
    }
  }
}

TEST_CASE("the sum of float32 negative zeros alone is -0.0") {
  const std::vector<float> zeros(1000, -0.0f);
  ExactSum sum;
  sum.add(std::span(zeros));
  CHECK(std::signbit(sum.round()));
}
