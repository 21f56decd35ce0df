#include "kernels/stats.hpp"

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

void check_extremes(const std::vector<double>& x, double min, double max) {
  on_every_target([&] {
    for (int threads = 1; threads <= 3; ++threads) {
      const Moments moments = moments_exact(x, threads);
      CHECK(moments.count == x.size());
      CHECK(bits(moments.min) == bits(min));
      CHECK(bits(moments.max) == bits(max));
    }
  });
  const Moments reference = moments_reference(x, 2);
  CHECK(reference.count == x.size());
  CHECK(bits(reference.min) == bits(min));
  CHECK(bits(reference.max) == bits(max));
}

}  // namespace

TEST_CASE("moments travel as plain bytes") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<Moments>);
  STATIC_REQUIRE(sizeof(Moments) < 2048);
}

TEST_CASE("minimum and maximum order zeros by sign and let NaN win") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  check_extremes({}, nan, nan);
  check_extremes({7}, 7, 7);
  check_extremes({3, -1, 2}, -1, 3);
  check_extremes({0.0, -0.0}, -0.0, 0.0);
  check_extremes({-0.0, 1}, -0.0, 1);
  check_extremes({-infinity, infinity, 0}, -infinity, infinity);
  for (const std::uint64_t pattern : {0x7ff8000000000000u, 0xfff8000000000000u, 0x7ff0000000000001u}) {
    std::vector<double> x(5000, 1.0);
    x[4999] = std::bit_cast<double>(pattern);
    check_extremes(x, nan, nan);
  }
}

TEST_CASE("moments of a long array are those of the reference") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> x(100'003);
  for (double& value : x) value = normal(random);
  const Moments exact = moments_exact(x, 2);
  const Moments reference = moments_reference(x, 1);
  CHECK(bits(exact.sum.round()) == bits(reference.sum.round()));
  CHECK(bits(exact.squares.round()) == bits(reference.squares.round()));
  CHECK(bits(exact.min) == bits(reference.min));
  CHECK(bits(exact.max) == bits(reference.max));
  const PlainMoments plain = moments_plain(x, 2);
  CHECK(plain.count == x.size());
  CHECK(bits(plain.min) == bits(reference.min));
  CHECK(bits(plain.max) == bits(reference.max));
  CHECK(std::abs(plain.squares / reference.squares.round() - 1) <= 1e-10);
}

// Three pieces, four, none (see square_sums.cpp), and blocks that need other anchors than the one before.
TEST_CASE("moments and squares are the reference's however the data spread") {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  const double infinity = std::numeric_limits<double>::infinity();
  for (int kind = 0; kind < 8; ++kind) {
    std::vector<double> x(70'001);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const int step = static_cast<int>(i / 4096 * 7919 % 5);
      switch (kind) {
        case 0: x[i] = normal(random); break;
        case 1: x[i] = std::ldexp(normal(random), -static_cast<int>(random() % 40)); break;
        case 2: x[i] = std::ldexp(normal(random), static_cast<int>(random() % 1200) - 600); break;
        case 3: x[i] = std::ldexp(-0x1.fffffffffffffp0, step); break;  // the largest pieces there are
        case 4: x[i] = i % 3 == 0 ? -0.0 : std::ldexp(1.0, step); break;
        case 5: x[i] = i == 50'000 ? infinity : static_cast<double>(i); break;
        case 6: x[i] = std::ldexp(normal(random), 460 + 10 * step); break;
        case 7: x[i] = std::ldexp(normal(random), -460 - 20 * step); break;
      }
    }
    const Moments reference = moments_reference(x, 1);
    INFO("kind " << kind);
    on_every_target([&] {
      const Moments exact = moments_exact(x, 2);
      CHECK(bits(exact.sum.round()) == bits(reference.sum.round()));
      CHECK(bits(exact.squares.round()) == bits(reference.squares.round()));
      CHECK(bits(exact.min) == bits(reference.min));
      CHECK(bits(exact.max) == bits(reference.max));
      ExactProductSum squares = sumsq_exact(x, 2), expected = reference.squares;
      squares.normalise();
      expected.normalise();
      CHECK(squares.limbs() == expected.limbs());
    });
  }
}
