#include "kernels/exact_sum.hpp"

#include "kernels/exact_product_sum.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"
#include "support/reductions.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

using namespace concdemo;
using namespace concdemo::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double least = std::numeric_limits<double>::denorm_min();

double scalar_sum(const std::vector<double>& x) {
  ExactSum sum;
  for (const double value : x) sum.add(value);
  return sum.round();
}

// The vector path's value and limbs are those of the reference.
void check_same(const std::vector<double>& x) {
  ExactSum reference;
  for (const double value : x) reference.add(value);
  reference.normalise();
  on_every_target([&] {
    ExactSum sum;
    sum.add(x);
    sum.normalise();
    CHECK(bits(sum.round()) == bits(reference.round()));
    CHECK(sum.limbs() == reference.limbs());
  });
}

}  // namespace

TEST_CASE("exact sums travel as plain bytes") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<ExactSum>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<ExactProductSum>);
  STATIC_REQUIRE(sizeof(ExactSum) < 700);
  STATIC_REQUIRE(sizeof(ExactProductSum) < 1200);
}

TEST_CASE("an exact sum is rounded once, to nearest even") {
  CHECK(scalar_sum({1, 2, 3}) == 6);
  CHECK(scalar_sum({1e16, 1, -1e16}) == 1);
  CHECK(scalar_sum({1, 0x1p-53}) == 1);
  CHECK(scalar_sum({1, 0x1p-53, least}) == 1 + 0x1p-52);
  CHECK(scalar_sum({1 + 0x1p-52, 0x1p-53}) == 1 + 0x1p-51);
  CHECK(scalar_sum({-1, -0x1p-53, -least}) == -1 - 0x1p-52);
  CHECK(scalar_sum({0x1p-1022, -least}) == 0x1p-1022 - least);
  CHECK(scalar_sum({least, least, least}) == 3 * least);
}

TEST_CASE("an exact sum overflows only at its end") {
  CHECK(scalar_sum({largest, largest, -largest}) == largest);
  CHECK(scalar_sum({largest, largest}) == infinity);
  CHECK(scalar_sum({-largest, -largest}) == -infinity);
  CHECK(scalar_sum({largest, 0x1p970}) == infinity);         // the tie
  CHECK(scalar_sum({largest, 0x1p970, -least}) == largest);  // just below it
}

TEST_CASE("an exact sum follows IEEE for what is no number and for signed zeros") {
  const double nan = std::bit_cast<double>(std::uint64_t{0xfff0000000000001});
  CHECK(bits(scalar_sum({1, nan, 2})) == canonical_nan);
  CHECK(bits(scalar_sum({infinity, -infinity})) == canonical_nan);
  CHECK(scalar_sum({infinity, -largest}) == infinity);
  CHECK(scalar_sum({-infinity, largest, largest}) == -infinity);
  CHECK(bits(scalar_sum({})) == bits(0.0));
  CHECK(bits(scalar_sum({-0.0, -0.0})) == bits(-0.0));
  CHECK(bits(scalar_sum({-0.0, 0.0})) == bits(0.0));
  CHECK(bits(scalar_sum({1, -1})) == bits(0.0));
  check_same(std::vector<double>(5000, -0.0));
  std::vector<double> zeros(5000, -0.0);
  zeros[4321] = 0.0;
  check_same(zeros);
}

TEST_CASE("the vector path counts what is no number, wherever it stands") {
  for (const std::size_t n : {std::size_t{256}, std::size_t{300}, std::size_t{4097}}) {
    for (const std::size_t place : {std::size_t{0}, n / 2, n - 1}) {
      on_every_target([&] {
        std::vector<double> x(n, 1.0);
        x[place] = infinity;
        ExactSum sum;
        sum.add(x);
        CHECK(sum.round() == infinity);
        x[(place + 7) % n] = -infinity;
        ExactSum both;
        both.add(x);
        CHECK(bits(both.round()) == canonical_nan);
        x[(place + 7) % n] = std::bit_cast<double>(std::uint64_t{0xfff0000000000001});
        sum.add(x);
        CHECK(bits(sum.round()) == canonical_nan);
        CHECK(sum.nan_count() == 1);
        CHECK(sum.plus_infinity_count() == 2);
      });
    }
  }
}

TEST_CASE("merged parts are the whole, in any order") {
  ExactSum a, b, nothing;
  a.add(largest);
  a.add(-0.0);
  b.add(-largest);
  b.add(0x1p-1074);
  ExactSum ab = a, ba = b;
  ab.merge(nothing);
  ab.merge(b);
  ba.merge(a);
  CHECK(ab.round() == least);
  CHECK(ba.round() == least);
  ExactSum minus_zero, both_empty;
  minus_zero.add(-0.0);
  both_empty.merge(nothing);
  CHECK(bits(both_empty.round()) == bits(0.0));
  both_empty.merge(minus_zero);
  CHECK(bits(both_empty.round()) == bits(-0.0));
}

TEST_CASE("carries are settled before a limb overflows") {
  // 2^30 and more additions to one limb, in both signs: by doubling, which adds as many without taking the time.
  ExactSum sum;
  sum.add(largest);
  for (int i = 0; i < 60; ++i) sum.merge(sum);
  ExactSum negative;
  negative.add(-largest);
  for (int i = 0; i < 60; ++i) negative.merge(negative);
  CHECK(sum.round() == infinity);
  sum.merge(negative);
  sum.add(1);
  CHECK(sum.round() == 1);
}

TEST_CASE("long runs of large terms of one sign do not overflow a lane") {
  // The first block sets the anchors; 7.5 is about the largest that still fits them, so that a lane's integers grow by
  // nearly 2^52 a block and would overflow after 2^11 blocks.
  std::vector<double> x(4096 * 2300, 7.5);
  for (std::size_t i = 0; i < 5000; ++i) x[i] = 1.0;
  on_every_target([&] { CHECK(sum_exact(x, 1).round() == 5000 + 7.5 * static_cast<double>(x.size() - 5000)); });
}

TEST_CASE("2^33 equal positive terms are whole") {
  // A block through the vector path until 2^22 terms are in one accumulator; then doubled by merging.
  for (const double value : {0x1.fffffffffffffp0, 1.1, largest, 0x1.23456789abcdep-1022, least}) {
    const std::vector<double> block(8192, value);
    on_every_target([&] {
      ExactSum sum;
      for (int i = 0; i < 512; ++i) sum.add(block);
      for (int i = 22; i < 33; ++i) sum.merge(sum);
      CHECK(sum.round() == std::ldexp(value, 33));
      ExactSum opposite;
      opposite.add(-value);
      for (int i = 0; i < 33; ++i) opposite.merge(opposite);
      sum.merge(opposite);
      CHECK(bits(sum.round()) == bits(0.0));  // nothing is left
      sum.normalise();
      CHECK(sum.limbs() == ExactSum::Limbs{});
    });
  }
}

TEST_CASE("every range of binades gives the reference's limbs") {
  std::mt19937_64 random(7);
  for (const int width : {1, 30, 34, 36, 38, 75, 81, 83, 200, 260, 600, 2000}) {
    for (const int low : {-1074, -1022, -300, 0, 900}) {
      if (low + width > 1024) continue;
      std::vector<double> x(4096 * 3 + 77);
      for (double& value : x) {
        const double significand = 1 + static_cast<double>(random() >> 12) * 0x1p-52;
        value = std::ldexp(random() % 2 == 0 ? significand : -significand, low + static_cast<int>(random() % width));
      }
      INFO("binades " << low << " to " << low + width);
      check_same(x);
    }
  }
}

TEST_CASE("blocks too large for the anchors leave no binade unnoticed") {
  for (const double larger : {8.5, 60.0, 1e5, -1e5}) {
    std::vector<double> x(4096 * 6, 1.0);
    for (std::size_t i = 8192; i < x.size(); ++i) x[i] = larger;
    check_same(x);
  }
}

TEST_CASE("a block that does not fit the anchors is done again") {
  std::vector<double> x(4096 * 6, 1.0);
  for (const double odd : {1e300, largest, 1e-300, least, 1e20, 1e-20, infinity, std::nan("")}) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, x.size() - 1}) {
      auto y = x;
      y[place] = odd;
      INFO(odd << " at " << place);
      check_same(y);
    }
  }
}

TEST_CASE("a saved sum is the same bytes for any order and parts, and loads as itself") {
  std::mt19937_64 random(11);
  std::vector<double> x(3000);
  for (double& value : x) value = std::bit_cast<double>(random());
  for (const bool special : {true, false}) {
    if (!special) std::erase_if(x, [](double value) { return !std::isfinite(value); });
    ExactSum forward, backward, left, right;
    for (const double value : x) forward.add(value);
    for (auto value = x.rbegin(); value != x.rend(); ++value) backward.add(*value);
    left.add(std::span(x).first(777));
    right.add(std::span(x).subspan(777));
    left.merge(right);
    CHECK(forward.save() == backward.save());
    CHECK(forward.save() == left.save());
    ExactSum loaded;
    loaded.add(1);
    loaded.load(forward.save());
    CHECK(bits(loaded.round()) == bits(forward.round()));
    loaded.add(x);
    forward.add(x);
    CHECK(loaded.save() == forward.save());
  }
  // A -0.0 among other terms, which the vector path may not look at.
  for (const double other : {1.0, 0.0, infinity, std::nan("")}) {
    std::vector<double> y(600, other);
    y[500] = -0.0;
    ExactSum reference;
    for (const double value : y) reference.add(value);
    on_every_target([&] {
      ExactSum sum;
      sum.add(y);
      CHECK(sum.save() == reference.save());
    });
  }
  ExactSum zero, loaded;
  zero.add(-0.0);
  loaded.load(zero.save());
  CHECK(bits(loaded.round()) == bits(-0.0));
}

TEST_CASE("bytes that are no saved sum are refused and change nothing") {
  ExactSum sum;
  sum.add(-2.5);
  const auto good = sum.save();
  ExactProductSum products;
  CHECK_THROWS_AS(products.load(good), std::invalid_argument);
  CHECK_THROWS_AS(sum.load(products.save()), std::invalid_argument);
  CHECK_THROWS_AS(sum.load(std::span(good).first(good.size() - 1)), std::invalid_argument);
  for (const std::size_t at : {std::size_t{0}, std::size_t{8 + 7}, good.size() - 1}) {
    auto bad = good;
    bad[at] ^= std::byte{0x80};
    CHECK_THROWS_AS(sum.load(bad), std::invalid_argument);
  }
  CHECK(sum.round() == -2.5);
}
