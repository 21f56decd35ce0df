#include "workloads/rounding_check.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/reductions.hpp"
#include "workloads/exact_moments.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double least = std::numeric_limits<double>::denorm_min();

// It takes the value and refuses its neighbours, its opposite and what is no number.
template <class Check>
void takes_only(double value, const Check& is_right) {
  INFO(std::hexfloat << value);
  CHECK(is_right(value));
  CHECK_FALSE(is_right(-value));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double other : {nan, -nan, infinity, -infinity, 0.0, -0.0, 1.0}) {
    if (bits(other) != bits(value)) CHECK_FALSE(is_right(other));
  }
  if (std::isnan(value)) return;
  for (const double other : {std::nextafter(value, infinity), std::nextafter(value, -infinity), 2 * value, value / 2}) {
    if (bits(other) != bits(value)) CHECK_FALSE(is_right(other));
  }
}

template <class Sum>
void takes_only_its_sum(const Sum& sum) {
  takes_only(sum.round(), [&](double value) { return is_rounded_sum(value, sum); });
}
void takes_only_its_sum(const std::vector<double>& x) { takes_only_its_sum(sum_exact(x, 1)); }

void takes_only_its_moments(const std::vector<double>& x) {
  const Moments moments = moments_exact(x, 1);
  takes_only(exact_mean(moments), [&](double value) { return is_mean(value, moments); });
  takes_only(exact_variance(moments), [&](double value) { return is_variance(value, moments); });
  takes_only(exact_deviation(moments), [&](double value) { return is_deviation(value, moments); });
}

// Random bits: of any size, of about one, subnormal.
std::vector<double> elements(std::size_t n, std::mt19937_64& random) {
  const int kind = static_cast<int>(random() % 3);
  std::vector<double> x(n);
  for (double& value : x) {
    const std::uint64_t pattern = random();
    value = std::bit_cast<double>(pattern);
    if (kind == 1)
      value = std::bit_cast<double>((pattern & ~(std::uint64_t{0x7ff} << 52)) | std::uint64_t{0x3fe} << 52);
    if (kind == 2) value = std::bit_cast<double>(pattern & ~(std::uint64_t{0x7ff} << 52));
    if (!std::isfinite(value)) value = 1;
  }
  return x;
}

}  // namespace

TEST_CASE("the rounding of random states is taken, and no value beside it") {
  std::mt19937_64 random(21);
  for (int round = 0; round < 300; ++round) {
    const auto x = elements(1 + random() % 9, random), y = elements(x.size(), random);
    takes_only_its_sum(x);
    takes_only_its_sum(dot_exact(x, y, 1));
    takes_only_its_sum(sumsq_exact(x, 1));
    takes_only_its_moments(x);
  }
}

TEST_CASE("ties are the even one's, on both sides") {
  for (const double sign : {1.0, -1.0}) {
    for (const double tail : {0.0, least, -least}) {
      takes_only_its_sum({sign, sign * 0x1p-53, tail});                  // 1 and a half: down to 1
      takes_only_its_sum({sign, sign * 0x1p-52, sign * 0x1p-53, tail});  // up
      takes_only_its_sum({sign, sign * -0x1p-54, tail});                 // below a power of two
      takes_only_its_sum({sign * largest, sign * 0x1p970, tail});        // the tie to infinity
    }
  }
  CHECK(is_rounded_sum(1.0, sum_exact(std::vector<double>{1.0, 0x1p-53}, 1)));
  CHECK(is_rounded_sum(infinity, sum_exact(std::vector<double>{largest, 0x1p970}, 1)));
  CHECK(is_rounded_sum(largest, sum_exact(std::vector<double>{largest, 0x1p970, -least}, 1)));
  // Products below the subnormals: half of the least, and a little more or less.
  const std::vector<double> x{0x1p-537, 0x1p-1074}, y{0x1p-538, 0x1p-1074}, z{0x1p-538, -0x1p-1074};
  takes_only_its_sum(dot_exact(std::span(x).first(1), std::span(y).first(1), 1));
  takes_only_its_sum(dot_exact(x, y, 1));
  takes_only_its_sum(dot_exact(x, z, 1));
  CHECK(is_rounded_sum(least, dot_exact(x, y, 1)));
  CHECK(is_rounded_sum(0.0, dot_exact(x, z, 1)));
}

TEST_CASE("means, variances and deviations at ties, at nothing and beyond the range") {
  for (const std::vector<double>& x : std::vector<std::vector<double>>{{least, 0},
                                                                       {3 * least, 0},
                                                                       {-least, 0},
                                                                       {-3 * least, 0},
                                                                       {1, 3},
                                                                       {7, 7, 7},
                                                                       {1, 1, 2},
                                                                       {1.7e308, 1.7e308},
                                                                       {1e308, -1e308},
                                                                       {0x1p-537, -0x1p-537},
                                                                       {0x1p-1073, 0},
                                                                       {0x1.8p-1073, 0},
                                                                       {0x1p-600, -0x1p-600},
                                                                       {1.7e308, -1.7e308},
                                                                       {-0.0, -0.0},
                                                                       {-0.0, 0.0},
                                                                       {0x1p53, 1}}) {
    takes_only_its_moments(x);
  }
  std::vector<double> x(4096, 2.0);  // a deviation of 1 + 2^-53: a tie
  for (std::size_t i = 0; i < x.size() / 2; ++i) x[2 * i] = -0x1p-52;
  takes_only_its_moments(x);
  CHECK(is_deviation(1.0, moments_exact(x, 1)));
  x[0] = std::nextafter(x[0], -1);  // just off it
  takes_only_its_moments(x);
  CHECK(is_deviation(1 + 0x1p-52, moments_exact(x, 1)));
}

TEST_CASE("what is no number, and signs of zero") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& x : std::vector<std::vector<double>>{{},
                                                                       {-0.0},
                                                                       {-0.0, 0.0},
                                                                       {0.0},
                                                                       {1, -1},
                                                                       {nan},
                                                                       {-nan, 1},
                                                                       {infinity, 1},
                                                                       {-infinity, 1},
                                                                       {infinity, -infinity},
                                                                       {nan, infinity}}) {
    takes_only_its_sum(x);
    takes_only_its_moments(x);
  }
  CHECK(is_rounded_sum(-0.0, sum_exact(std::vector<double>{-0.0, -0.0}, 1)));
  CHECK(is_rounded_sum(0.0, sum_exact({}, 1)));
}
