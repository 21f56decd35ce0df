#include "kernels/square.hpp"

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

using namespace concdemo;
using namespace concdemo::test;

namespace {

double from_bits(std::uint64_t x) { return std::bit_cast<double>(x); }

std::uint64_t reference(double x) { return std::isnan(x) ? canonical_nan : bits(x * x); }

// Squares x[first...] into a place as many elements off the start of its array, on every target, with ordinary and
// non-temporal stores and 1 to 3 threads; returns how many elements differ from the reference, or were written beside
// the place.
std::size_t wrong(const std::vector<double>& x, std::size_t first) {
  constexpr double untouched = -7;
  std::size_t count = 0;
  on_every_target([&] {
    for (int run = 0; run < 6; ++run) {
      std::vector<double> y(x.size() + 16, untouched);
      const auto way = run < 3 ? square : square_past_cache;
      way(std::span(x).subspan(first), std::span(y).subspan(first, x.size() - first), run % 3 + 1);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const bool inside = i >= first && i < x.size();
        count += bits(y[i]) != (inside ? reference(x[i]) : bits(untouched));
      }
    }
  });
  return count;
}

// Doubles of any bits: one in 1024 is NaN or infinite, as many are subnormal.
std::vector<double> any_doubles(std::size_t n) {
  std::mt19937_64 random(n);
  std::vector<double> x(n);
  for (double& value : x) value = from_bits(random());
  return x;
}

}  // namespace

TEST_CASE("square is one rounding, at the ends of the range too") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double least = std::numeric_limits<double>::denorm_min();
  const std::vector<double> x = {3,
                                 -3,
                                 0.1,
                                 0.0,
                                 -0.0,
                                 infinity,
                                 -infinity,
                                 least,
                                 -least,
                                 0x1p-537,
                                 0x1.8p-537,
                                 0x1p-538,
                                 0x1.0000000000001p-511,
                                 0x1p511,
                                 0x1p512,
                                 -1.7e308};
  const std::vector<double> expected = {
      9,        9,        0.1 * 0.1, 0.0, 0.0, infinity, infinity, 0, 0, least, 2 * least, 0, 0x1.0000000000002p-1022,
      0x1p1022, infinity, infinity};
  on_every_target([&] {
    std::vector<double> y(x.size());
    square(x, y, 2);
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO("x = " << x[i]);
      CHECK(bits(y[i]) == bits(expected[i]));
    }
  });
}

TEST_CASE("square makes every NaN the canonical one") {
  std::vector<double> x;
  for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
    for (std::uint64_t payload = 1; payload < std::uint64_t{1} << 52; payload = 2 * payload + payload % 3) {
      x.push_back(from_bits(sign | 0x7ff0000000000000 | payload));
    }
  }
  for (const double value : x) CHECK(std::isnan(value));
  CHECK(wrong(x, 0) == 0);
}

TEST_CASE("square has the same bits for any length, alignment, target and number of threads") {
  for (std::size_t n = 0; n <= 67; ++n) {
    for (std::size_t first = n % 3; first <= std::min<std::size_t>(n, 8); first += 3) {
      INFO("n " << n << " first " << first);
      CHECK(wrong(any_doubles(n), first) == 0);
    }
  }
  for (const std::size_t n : {1023u, 1024u, 1025u, 3u * 1024u + 5u, 200'003u}) CHECK(wrong(any_doubles(n), 1) == 0);
}

TEST_CASE("square works in place") {
  on_every_target([&] {
    const auto x = any_doubles(2051);
    auto y = x;
    square(y, y, 2);
    std::size_t different = 0;
    for (std::size_t i = 0; i < x.size(); ++i) different += bits(y[i]) != reference(x[i]);
    CHECK(different == 0);
  });
}
