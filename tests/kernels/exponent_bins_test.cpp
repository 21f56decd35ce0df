// Data over so many binades that the vector paths leave their levels and pieces for ExponentBins.
#include "kernels/exponent_bins.hpp"

#include "kernels/exact_sum.hpp"
#include "kernels/stats.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"
#include "support/reductions.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

using namespace concdemo;
using namespace concdemo::test;

namespace {

// The same state in the same bytes: limbs, and counts of NaN and of either infinity.
template <class Sum>
void check_same(const Sum& sum, const Sum& reference) {
  const bool same = sum.save() == reference.save();  // not worth printing
  CHECK(same);
  CHECK(bits(sum.round()) == bits(reference.round()));
}

void check_all(const std::vector<double>& x, const std::vector<double>& y) {
  ExactSum sum;
  ExactProductSum dot, squares;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum.add(x[i]);
    dot.add(x[i], y[i]);
    squares.add(x[i], x[i]);
  }
  on_every_target([&] {
    ExactSum fast_sum;
    fast_sum.add(x);
    check_same(fast_sum, sum);
    check_same(dot_exact(x, y, 2), dot);
    check_same(sumsq_exact(x, 2), squares);
    Moments moments;
    moments.add(x);
    check_same(moments.sum, sum);
    check_same(moments.squares, squares);
  });
}

std::vector<double> filled(std::size_t n, const std::function<double(std::size_t)>& f) {
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = f(i);
  return x;
}

}  // namespace

TEST_CASE("doubles of random bits give the reference's state") {
  std::mt19937_64 random(11);
  for (const std::size_t n : {256u, 300u, 1023u, 1500u, 5001u, 70'001u}) {
    INFO("n " << n);
    // All 64 bits: subnormals, infinities and NaN among them; then without what is not finite.
    const auto any = [&](std::size_t) { return std::bit_cast<double>(random()); };
    const auto finite = [&](std::size_t i) {
      const double value = any(i);
      return std::isfinite(value) ? value : -0.0;
    };
    check_all(filled(n, any), filled(n, any));
    check_all(filled(n, finite), filled(n, finite));
  }
}

// The largest terms that a bin takes, all into one bin and far more than it has room for at a time.
TEST_CASE("bins pass their carries on in time") {
  const double significand = -0x1.fffffffffffffp0;
  for (const int exponent : {-1019, -3, 1, 1021}) {
    INFO("exponent " << exponent);
    const auto x =
        filled(200'000, [&](std::size_t i) { return std::ldexp(significand, i % 100 == 0 ? -900 : exponent); });
    check_all(x, x);
    check_all(x, filled(x.size(), [&](std::size_t i) { return -x[i]; }));
  }
}

TEST_CASE("a bin holds 2^15 of the largest products and goes on") {
  ProductBins bins;
  const Int128 term = static_cast<Int128>((std::int64_t{1} << 56) - 1) * ((std::int64_t{1} << 56) - 1);
  ExactProductSum sum, expected;
  const int rounds = 100;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 1 << 15; ++i) {
      if (i % 1024 == 0) bins.reserve(1024);
      bins.add(-term, 700, 1);
    }
  }
  bins.flush(sum);
  for (int i = 0; i < rounds; ++i) {
    for (int j = 0; j < 1 << 15; ++j) expected.add_scaled(-term, 4 * 700);
  }
  check_same(sum, expected);
}
