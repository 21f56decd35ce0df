#include "kernels/matvec.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

// The order of operations as the header writes it down, with nothing shared with the kernel.
double chain(const double* a, const double* x, std::size_t n) {
  double lane[16] = {};
  for (std::size_t l = 0; l < 16; ++l) {
    for (std::size_t j = l; j < n; j += 16) lane[l] = std::fma(a[j], x[j], lane[l]);
  }
  for (std::size_t h : {8, 4, 2, 1}) {
    for (std::size_t l = 0; l < h; ++l) lane[l] += lane[l + h];
  }
  return std::isnan(lane[0]) ? std::numeric_limits<double>::quiet_NaN() : lane[0];
}

void check_all(const std::vector<double>& a, const std::vector<double>& x, std::size_t m, std::size_t n) {
  std::vector<double> expected(m);
  for (std::size_t i = 0; i < m; ++i) expected[i] = chain(a.data() + i * n, x.data(), n);
  on_every_target([&] {
    for (const int threads : {1, 2, 3}) {
      std::vector<double> y(m, -1.0);
      matvec(a, x, y, m, n, threads);
      for (std::size_t i = 0; i < m; ++i) {
        INFO(m << " x " << n << ", row " << i);
        REQUIRE(bits(y[i]) == bits(expected[i]));
        REQUIRE(bits(matvec_row_reference(std::span(a).subspan(i * n, n), x)) == bits(expected[i]));
      }
    }
  });
}

}  // namespace

TEST_CASE("matvec follows its chain on every target, for any shape and number of threads") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const std::size_t m : {0, 1, 2, 3, 4, 5, 17, 301}) {
    for (const std::size_t n : {0, 1, 7, 15, 16, 17, 31, 32, 33, 257, 1000}) {
      std::vector<double> a(m * n), x(n);
      for (double& value : a) value = uniform(random);
      for (double& value : x) value = uniform(random);
      check_all(a, x, m, n);
    }
  }
}

TEST_CASE("matvec follows its chain on long rows, which are multiplied side by side") {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const std::size_t n : {1499, 1500, 1511}) {
    std::vector<double> a(11 * n), x(n);
    for (double& value : a) value = uniform(random);
    for (double& value : x) value = uniform(random);
    check_all(a, x, 11, n);
  }
}

TEST_CASE("matvec passes NaN, infinities, subnormals and zeros of both signs on as IEEE says") {
  std::mt19937_64 random(4);
  const double special[] = {0.0,
                            -0.0,
                            5e-324,
                            -5e-324,
                            1e308,
                            -1e308,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::bit_cast<double>(0xfff8000000000123u),
                            1e-160};
  for (const std::size_t n : {3, 16, 100}) {
    constexpr std::size_t m = 200;
    std::vector<double> a(m * n), x(n);
    for (double& value : a) value = random() % 8 == 0 ? special[random() % std::size(special)] : 1e-170;
    for (double& value : x) value = random() % 16 == 0 ? special[random() % std::size(special)] : -1e-170;
    check_all(a, x, m, n);
  }
}

TEST_CASE("matvec by hand") {
  const std::vector<double> a{1, 2, 3, 4, 5, 6}, x{10, 100, 1000};
  std::vector<double> y(2), plain(2);
  matvec(a, x, y, 2, 3, 1);
  matvec_plain(a, x, plain, 2, 3, 1);
  CHECK(y == std::vector<double>{3210, 6540});
  CHECK(plain == y);
}
