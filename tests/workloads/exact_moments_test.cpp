#include "workloads/exact_moments.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/reductions.hpp"

using namespace concdemo;

namespace {

Moments moments(const std::vector<double>& values) { return test::moments_exact(values, 1); }
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("mean and variance are those of the real numbers, rounded once") {
  CHECK(exact_mean(moments({1, 2, 3, 4})) == 2.5);
  CHECK(exact_variance(moments({1, 2, 3, 4})) == 1.25);
  CHECK(exact_mean(moments({1, 1, 2})) == 4.0 / 3);
  // The textbook formula loses every digit here.
  CHECK(exact_variance(moments({1e9 + 1, 1e9 + 2, 1e9 + 3})) == 2.0 / 3);
  CHECK(exact_mean(moments({1e16, 1, -1e16})) == 1.0 / 3);
  // The sum overflows, the mean does not.
  CHECK(exact_mean(moments({1.7e308, 1.7e308})) == 1.7e308);
  CHECK(exact_variance(moments({1e308, -1e308})) == infinity);
  CHECK(exact_variance(moments({7, 7, 7})) == 0);
}

TEST_CASE("means and variances that underflow round to nearest even among subnormals") {
  const double least = std::numeric_limits<double>::denorm_min();
  CHECK(exact_mean(moments({least, 0})) == 0);              // a tie, to even
  CHECK(exact_mean(moments({3 * least, 0})) == 2 * least);  // a tie, to even
  CHECK(exact_mean(moments({least, least, 0})) == least);
  CHECK(exact_mean(moments({-least, -least, 0})) == -least);
  CHECK(exact_variance(moments({0x1p-537, -0x1p-537})) == least);
  CHECK(exact_variance(moments({least, 0})) == 0);
}

TEST_CASE("the deviation is the root of the exact variance, not of the rounded one") {
  CHECK(exact_deviation(moments({1, 3})) == 1);
  CHECK(exact_deviation(moments({7, 7, 7})) == 0);
  CHECK(exact_deviation(moments({1e9 + 1, 1e9 + 2, 1e9 + 3})) == std::sqrt(2.0 / 3));
  // The variance overflows or underflows, the deviation does not.
  CHECK(exact_deviation(moments({1.7e308, -1.7e308})) == 1.7e308);
  CHECK(exact_deviation(moments({0x1p-1073, 0})) == 0x1p-1074);
  CHECK(exact_deviation(moments({0x1p-1074, 0})) == 0);            // a tie, to even
  CHECK(exact_deviation(moments({0x1.8p-1073, 0})) == 0x1p-1073);  // 1.5 of the least: a tie, to even
  CHECK(exact_deviation(moments({0x1p-600, -0x1p-600})) == 0x1p-600);
}

TEST_CASE("a deviation just off a tie is not one, however little it is off") {
  std::vector<double> x(4096, 2.0);
  for (std::size_t i = 0; i < x.size() / 2; ++i) x[2 * i] = -0x1p-52;
  CHECK(exact_deviation(moments(x)) == 1);  // 1 + 2^-53: a tie, to even
  x[0] = std::nextafter(x[0], -1);          // 2^-115 more variance
  CHECK(exact_deviation(moments(x)) == 1 + 0x1p-52);
}

TEST_CASE("nothing, NaN and infinities") {
  CHECK(std::isnan(exact_mean(moments({}))));
  CHECK(std::isnan(exact_variance(moments({}))));
  CHECK(exact_mean(moments({infinity, 1})) == infinity);
  CHECK(std::isnan(exact_mean(moments({infinity, -infinity}))));
  CHECK(std::isnan(exact_variance(moments({infinity, 1}))));
  CHECK(std::isnan(exact_mean(moments({1, std::nan("")}))));
  CHECK(std::isnan(exact_deviation(moments({}))));
  for (const Moments& none : {moments({-std::nan(""), 1}), moments({infinity, -infinity}), moments({})}) {
    for (const double nan : {exact_mean(none), exact_variance(none), exact_deviation(none), none.min}) {
      if (std::isnan(nan)) CHECK(std::bit_cast<std::uint64_t>(nan) == 0x7ff8000000000000);
    }
  }
  CHECK(std::signbit(exact_mean(moments({-0.0, -0.0}))));
}
