#include "kernels/exact_product_sum.hpp"

#include "kernels/plain_sums.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"
#include "support/reductions.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace concdemo;
using namespace concdemo::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double least = std::numeric_limits<double>::denorm_min();

double dot_of(const std::vector<double>& x, const std::vector<double>& y) { return dot_exact(x, y, 1).round(); }

// Value and limbs of the reference, on every target and 1 to 3 threads.
void check_same(const std::vector<double>& x, const std::vector<double>& y) {
  auto reference = dot_reference(x, y);
  reference.normalise();
  on_every_target([&] {
    for (int threads = 1; threads <= 3; ++threads) {
      auto sum = dot_exact(x, y, threads);
      sum.normalise();
      CHECK(bits(sum.round()) == bits(reference.round()));
      CHECK(sum.limbs() == reference.limbs());
    }
  });
}

std::vector<double> scattered(std::mt19937_64& random, std::size_t n, int low, int width) {
  std::vector<double> x(n);
  for (double& value : x) {
    const double significand = 1 + static_cast<double>(random() >> 12) * 0x1p-52;
    value = std::ldexp(random() % 2 == 0 ? significand : -significand, low + static_cast<int>(random() % width));
  }
  return x;
}

}  // namespace

TEST_CASE("sumsq of 1 to 5 is 55") {
  CHECK(sumsq_exact(std::vector<double>{1, 2, 3, 4, 5}, 2).round() == 55);
  CHECK(sumsq_plain(std::vector<double>{1, 2, 3, 4, 5}, 2) == 55);
  CHECK(dot_plain(std::vector<double>{1, 2, 3}, std::vector<double>{4, 5, 6}, 2) == 32);
}

TEST_CASE("products are real numbers, beyond the range of doubles too") {
  CHECK(bits(dot_of({1e200, 1e200}, {1e200, -1e200})) == bits(0.0));
  CHECK(dot_of({1e200, 1e200, 3}, {1e200, -1e200, 5}) == 15);
  CHECK(dot_of({1e200}, {1e200}) == infinity);
  CHECK(dot_of({1e-200}, {1e-200}) == 0);
  CHECK(bits(dot_of({-1e-200}, {1e-200})) == bits(-0.0));  // not zero, but rounded to it
  CHECK(dot_of({least}, {0.5}) == 0);                      // the tie goes to even
  CHECK(dot_of({least, 1e-200}, {0.5, 1e-200}) == least);  // just above it
}

TEST_CASE("products follow IEEE for what is no number and for signed zeros") {
  CHECK(bits(dot_of({}, {})) == bits(0.0));
  CHECK(bits(dot_of({0}, {infinity})) == canonical_nan);
  CHECK(bits(dot_of({infinity, infinity}, {1, -1})) == canonical_nan);
  CHECK(bits(dot_of({std::bit_cast<double>(std::uint64_t{0xfff0000000000001}), 1}, {0, 1})) == canonical_nan);
  CHECK(dot_of({infinity, 1}, {-2, 1e300}) == -infinity);
  CHECK(bits(dot_of({-0.0, 0.0}, {1, -1})) == bits(-0.0));
  CHECK(bits(dot_of({-0.0, 0.0}, {1, 1})) == bits(0.0));
  check_same(std::vector<double>(5000, 0.0), std::vector<double>(5000, -3.0));
}

TEST_CASE("an error term that underflows is not lost") {
  for (const std::size_t n : {std::size_t{4}, std::size_t{300}, std::size_t{9000}}) {
    std::vector<double> x(n, 0.0);
    x[0] = 1;
    x[1] = x[n - 1] = 0x1p-27;
    CHECK(sumsq_exact(x, 1).round() == 1);  // 1 + 2^-53: a tie, to even
    check_same(x, x);
    x[n / 2] = 1e-200;
    CHECK(sumsq_exact(x, 1).round() == 1 + 0x1p-52);  // above the tie by 1e-400
    check_same(x, x);
  }
}

TEST_CASE("products over every range of binades give the reference's limbs") {
  std::mt19937_64 random(11);
  for (const int width : {1, 12, 15, 18, 30, 40, 90, 120, 300}) {
    for (const int low : {-1074, -700, -520, -490, -480, -470, -20, 300, 480, 511}) {
      if (low + width > 1024) continue;
      const auto x = scattered(random, 4096 * 2 + 77, low, width);
      const auto y = scattered(random, x.size(), low, width);
      INFO("binades " << low << " to " << low + width);
      check_same(x, y);
      check_same(x, x);
    }
  }
}

TEST_CASE("one huge product among tiny ones, in range and beyond it") {
  for (const double huge : {0x1p500, 1e150, 1e200, 0x1.fffffffffffffp1023}) {
    for (const double tiny : {1.0, 1e-150, 1e-200, 0x1p-1022, least}) {
      std::vector<double> x(4500, tiny);
      x[4096] = huge;
      check_same(x, x);
      check_same(x, std::vector<double>(x.size(), tiny));
    }
  }
}

TEST_CASE("2^33 equal positive products are whole") {
  // See the same test of sums. Squares of the largest double and of the least are beyond the range of doubles.
  for (const double value : {0x1.fffffffffffffp0, 1.1, 0x1.fffffffffffffp1023, 0x1p-500, least}) {
    const std::vector<double> block(8192, value);
    ExactProductSum once;
    once.add(value, value);
    once.normalise();
    INFO("value " << value);
    on_every_target([&] {
      ExactProductSum sum;
      for (int i = 0; i < 512; ++i) sum.add(block, block);
      for (int i = 22; i < 33; ++i) sum.merge(sum);
      sum.normalise();
      // 2^33 times the one product is its limbs one further up, doubled.
      ExactProductSum::Limbs twice = sum.limbs();
      for (std::size_t i = 0; i + 1 < twice.size(); ++i) {
        const auto low = static_cast<std::uint64_t>(once.limbs()[i]) << 1 & 0xffffffff;
        const auto carry = i == 0 ? 0 : static_cast<std::uint64_t>(once.limbs()[i - 1]) >> 31;
        twice[i + 1] -= static_cast<std::int64_t>(low | carry);
      }
      CHECK(twice == ExactProductSum::Limbs{});
    });
  }
}

TEST_CASE("the rest of a product joins its error term without loss") {
  // (1 + 2^-52)^2 = 1 + 2^-51 + 2^-104: at some scales the last two bits are all that is left, one too far apart for a
  // double.
  for (int exponent = -60; exponent <= -5; ++exponent) {
    std::vector<double> x(600, 1.0);
    x[333] = std::ldexp(1 + 0x1p-52, exponent);
    check_same(x, x);
  }
}

TEST_CASE("runs of squares longer than a flush interval are whole") {
  const std::vector<double> x(4096 * 600 + 17, 0x1.fffffffffffffp0);
  check_same(x, x);
}

TEST_CASE("zeros among the factors do not hide a small product") {
  std::mt19937_64 random(3);
  auto x = scattered(random, 4096 * 3, -10, 20);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = i % 2 == 0 ? 0.0 : -0.0;
  const auto y = scattered(random, x.size(), -10, 20);
  check_same(x, y);
  x[5000] = 0x1p-1000;
  check_same(x, y);
}
