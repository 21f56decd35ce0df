#include "kernels/transpose.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

constexpr double untouched = -7;

// A matrix of rows x columns inside a larger array: `shift` elements into it, `gap` more to a row.
struct Field {
  std::size_t rows, columns, stride, shift;
  std::vector<double> data;
  Field(std::size_t rows_in, std::size_t columns_in, std::size_t gap, std::size_t shift_in)
      : rows(rows_in),
        columns(columns_in),
        stride(columns + gap),
        shift(shift_in),
        data(shift + rows * stride + 8, untouched) {}
  double& at(std::size_t i, std::size_t j) { return data[shift + i * stride + j]; }
};

// Every element a number of its own, some of them special.
double value_at(std::size_t i, std::size_t j) {
  switch ((i * 7 + j) % 29) {
    case 0:
      return std::bit_cast<double>(std::uint64_t{0x7ff0000000000001} + (std::uint64_t{i} << 12) + j);  // signalling
    case 1: return -std::numeric_limits<double>::quiet_NaN();
    case 2: return -0.0;
    case 3: return -std::numeric_limits<double>::infinity();
    case 4: return 5e-324;
    default: return static_cast<double>(i) * 10007 + static_cast<double>(j);
  }
}

void check(void (*kernel)(MatrixView, MatrixSpan, int), std::size_t m, std::size_t n, std::size_t gap_a,
           std::size_t gap_b, std::size_t shift, int threads) {
  Field a(m, n, gap_a, shift / 2), b(n, m, gap_b, shift);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) a.at(i, j) = value_at(i, j);
  kernel({a.data.data() + a.shift, m, n, a.stride}, {b.data.data() + b.shift, n, m, b.stride}, threads);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double value = value_at(i, j);
      const std::uint64_t expected = std::isnan(value) ? canonical_nan : bits(value);
      wrong += bits(b.at(j, i)) == expected ? 0 : 1;
      b.at(j, i) = untouched;
    }
  }
  for (const double value : b.data) wrong += value == untouched ? 0 : 1;  // nothing beside the matrix was written
  INFO(m << " x " << n << ", gaps " << gap_a << ' ' << gap_b << ", shift " << shift << ", " << threads << " threads");
  REQUIRE(wrong == 0);
}

}  // namespace

TEST_CASE("transpose moves every element and nothing else, on every target, for any shape, stride and alignment") {
  on_every_target([&] {
    for (const auto kernel : {transpose, transpose_past_cache}) {
      for (const std::size_t m : {0, 1, 7, 8, 13, 64, 67, 131})
        for (const std::size_t n : {0, 1, 3, 8, 17, 257, 263}) check(kernel, m, n, 0, 0, 0, 2);
      for (const std::size_t shift : {1, 3, 6, 8})
        for (const std::size_t gap : {0, 1, 5, 8}) check(kernel, 72, 40, 3, gap, shift, 3);
      check(kernel, 611, 1003, 0, 0, 0, 1);
      for (const std::size_t shift : {0, 3}) check(kernel, 40, 1061, 2048 - 1061, 0, shift, 2);  // rows 16 KiB apart
      // Long rows, with as many strips of them as threads want, and with fewer.
      for (const std::size_t shift : {0, 3})
        for (const int threads : {1, 2, 3}) check(kernel, 264, 1061, 1, 0, shift, threads);
      check(kernel, 3, 600, 2, 5, 5, 2);  // fewer rows than reach the next line
    }
  });
}

TEST_CASE("transpose_plain moves every element that is no NaN with its bits") {
  std::vector<double> a{1, 2, 3, -0.0, 5, 6}, b(6);
  transpose_plain({a.data(), 2, 3, 3}, {b.data(), 3, 2, 2}, 2);
  CHECK(b == std::vector<double>{1, -0.0, 2, 5, 3, 6});
  CHECK(std::signbit(b[1]));
}

TEST_CASE("results beyond the caches take the way past them", "[large]") {
  const std::size_t m = 2900, n = 2903;  // 64.2 MiB
  std::vector<double> a(m * n), b(m * n);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i);
  transpose({a.data(), m, n, n}, {b.data(), n, m, m}, 2);
  std::size_t wrong = 0;
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < m; ++i) wrong += b[j * m + i] == a[i * n + j] ? 0 : 1;
  CHECK(wrong == 0);
}
