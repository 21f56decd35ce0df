#include "kernels/matmul.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "kernels/fill.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using concdemo::matmul;
using concdemo::matmul_add;
using concdemo::matmul_entry_reference;
using concdemo::matmul_plain_add;
using concdemo::test::bits;
using concdemo::test::canonical_nan;
using concdemo::test::on_every_target;

namespace {

using Values = std::vector<double>;

bool same_bits(const Values& x, const Values& y) {
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) == 0);
}

Values random_values(std::size_t count, std::uint64_t seed) {
  Values x(count);
  concdemo::fill_uniform(x, seed, 0, 0, 1);
  for (double& value : x) value -= 0.5;
  return x;
}

// Any bit pattern there is, with NaNs of every kind, infinities, zeros and subnormals made frequent.
Values hostile_values(std::size_t count, std::uint64_t seed, std::uint32_t one_in) {
  const double special[] = {std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::bit_cast<double>(0x7ff8000000000123),
                            std::bit_cast<double>(0xfff8000000000001),
                            std::bit_cast<double>(0x7ff0000000000001),
                            -0.0,
                            0.0,
                            5e-324,
                            -2.2e-308,
                            1.7e308,
                            -1e-160};
  Values x(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto words =
        concdemo::philox4x32_10({static_cast<std::uint32_t>(i), 0, 0, 7}, {static_cast<std::uint32_t>(seed), one_in});
    x[i] = words[0] % one_in == 0 ? special[words[1] % std::size(special)]
                                  : std::ldexp(static_cast<double>(words[2]) - 0x1p31, int(words[3] % 90) - 560);
  }
  return x;
}

// Written out once more, from the definition, in another shape than the library's code.
double by_definition(const Values& a, const Values& b, std::size_t i, std::size_t j, std::size_t k, std::size_t n) {
  double c = 0.0;
  double acc = 0.0;
  for (std::size_t p = 0; p < k; ++p) {
    acc = std::fma(a[i * k + p], b[p * n + j], acc);
    if ((p + 1) % 256 == 0 || p + 1 == k) {
      c += acc;
      acc = 0.0;
    }
  }
  return std::isnan(c) ? std::numeric_limits<double>::quiet_NaN() : c;
}

Values by_definition(const Values& a, const Values& b, std::size_t m, std::size_t k, std::size_t n) {
  Values c(m * n);
  for (std::size_t e = 0; e < c.size(); ++e) c[e] = by_definition(a, b, e / n, e % n, k, n);
  return c;
}

void check_everywhere(const Values& a, const Values& b, std::size_t m, std::size_t k, std::size_t n) {
  const Values expected = by_definition(a, b, m, k, n);
  for (std::size_t e = 0; e < m * n; e += 1 + m * n / 50) {
    CHECK(bits(matmul_entry_reference(std::span(a).subspan(e / n * k, k), b, e % n, k, n)) == bits(expected[e]));
  }
  on_every_target([&] {
    for (const int threads : {1, 2, 3}) {
      Values c(m * n + 2, -7.0);  // the guard elements must stay untouched
      matmul(a, b, std::span(c).subspan(1, m * n), m, k, n, threads);
      CAPTURE(threads, m, k, n);
      CHECK(c.front() == -7.0);
      CHECK(c.back() == -7.0);
      CHECK(same_bits(Values(c.begin() + 1, c.end() - 1), expected));
    }
  });
}

}  // namespace

TEST_CASE("matmul has the bits of its definition on every SIMD target and thread count") {
  const std::size_t shapes[][3] = {{1, 1, 1},    {1, 255, 1},    {1, 256, 3},  {2, 257, 23},  {3, 513, 25},
                                   {7, 2, 11},   {8, 256, 24},   {9, 13, 12},  {17, 31, 481}, {4, 1, 5},
                                   {1, 600, 97}, {131, 300, 53}, {70, 7, 960}, {16, 512, 48}, {5, 1025, 1},
                                   {0, 3, 4},    {3, 4, 0},      {0, 0, 0},    {65, 67, 71},  {515, 3, 2},
                                   {2055, 5, 9}, {13, 258, 289}, {14, 9, 200}, {21, 261, 797}};
  for (const auto& [m, k, n] : shapes) {
    check_everywhere(random_values(m * k, 1), random_values(k * n, 2), m, k, n);
    for (const std::uint32_t one_in : {3u, 2000u})
      check_everywhere(hostile_values(m * k, 3, one_in), hostile_values(k * n, 4, one_in), m, k, n);
  }
}

TEST_CASE("a product over nothing is +0") {
  on_every_target([&] {
    Values c(30, -7.0);
    matmul({}, {}, c, 5, 0, 6, 2);
    CHECK(same_bits(c, Values(30, 0.0)));
  });
}

TEST_CASE("a sum of negative zeros is +0, a NaN is the canonical one, subnormals are kept") {
  on_every_target([&] {
    const double cases[][3] = {{-0.0, 1.0, 0.0},
                               {5e-324, 1.0, 5e-324},
                               {-0x1p-1040, 0x1p-10, -0x1p-1050},
                               {1e308, 10.0, std::numeric_limits<double>::infinity()}};
    for (const auto& [x, y, expected] : cases) {
      Values c(1, -7.0);
      matmul(std::span(&x, 1), std::span(&y, 1), c, 1, 1, 1, 1);
      CHECK(bits(c[0]) == bits(expected));
    }
    const double a[] = {std::bit_cast<double>(0xfff8000000000777), 1.0};
    const double b[] = {1.0, 1.0};
    Values c(1);
    matmul(a, b, c, 1, 2, 1, 1);
    CHECK(bits(c[0]) == canonical_nan);
  });
}

TEST_CASE("a product of integers is exact, and the textbook loop agrees") {
  const std::size_t m = 37, k = 301, n = 29;
  Values a(m * k), b(k * n), c(m * n), plain(m * n);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i % 17) - 8;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<double>(i % 13) - 6;
  matmul(a, b, c, m, k, n, 2);
  std::fill(plain.begin(), plain.end(), 0.0);
  matmul_plain_add({a.data(), m, k, k}, {b.data(), k, n, n}, {plain.data(), m, n, n}, 2);
  int wrong = 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      long long expected = 0;
      for (std::size_t p = 0; p < k; ++p)
        expected += static_cast<long long>(a[i * k + p]) * static_cast<long long>(b[p * n + j]);
      if (c[i * n + j] != static_cast<double>(expected) || plain[i * n + j] != c[i * n + j]) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a row block of A gives the same bits as the whole") {
  const std::size_t m = 41, k = 300, n = 50;
  const Values a = random_values(m * k, 5), b = random_values(k * n, 6);
  Values whole(m * n), parts(m * n);
  matmul(a, b, whole, m, k, n, 2);
  for (std::size_t row = 0, rows = 1; row < m; row += rows, rows = std::min<std::size_t>(rows + 3, m - row)) {
    matmul(std::span(a).subspan(row * k, rows * k), b, std::span(parts).subspan(row * n, rows * n), rows, k, n, 1);
  }
  CHECK(same_bits(whole, parts));
}

TEST_CASE("panels of k and blocks of C, rows apart in memory, give the same bits as the whole") {
  const std::size_t m = 45, k = 700, n = 61, a_stride = k + 3, b_stride = n + 5, c_stride = n + 7;
  const Values a = hostile_values(m * k, 8, 4000), b = hostile_values(k * n, 9, 4000);
  const Values expected = by_definition(a, b, m, k, n);
  Values wide_a(m * a_stride, 3.0), wide_b(k * b_stride, 3.0);
  for (std::size_t i = 0; i < m; ++i) std::copy_n(a.data() + i * k, k, wide_a.data() + i * a_stride);
  for (std::size_t p = 0; p < k; ++p) std::copy_n(b.data() + p * n, n, wide_b.data() + p * b_stride);
  on_every_target([&] {
    Values c(m * c_stride, -7.0);
    for (std::size_t i = 0; i < m; ++i) std::fill_n(c.data() + i * c_stride, n, 0.0);
    for (std::size_t p = 0, depth = 256; p < k; p += depth, depth = 512) {
      const std::size_t panel = std::min(depth, k - p);
      for (std::size_t i = 0; i < m; i += 19) {
        for (std::size_t j = 0; j < n; j += 33) {
          const std::size_t rows = std::min<std::size_t>(19, m - i), columns = std::min<std::size_t>(33, n - j);
          matmul_add({wide_a.data() + i * a_stride + p, rows, panel, a_stride},
                     {wide_b.data() + p * b_stride + j, panel, columns, b_stride},
                     {c.data() + i * c_stride + j, rows, columns, c_stride}, 2);
        }
      }
    }
    int wrong = 0;
    for (std::size_t e = 0; e < c.size(); ++e) {
      const std::size_t i = e / c_stride, j = e % c_stride;
      const double right = j < n ? expected[i * n + j] : -7.0;  // the gaps stay untouched
      if (bits(c[e]) != bits(right)) ++wrong;
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("adding a product over nothing changes nothing") {
  Values c(6, -0.0);
  matmul_add({nullptr, 2, 0, 0}, {nullptr, 0, 3, 3}, {c.data(), 2, 3, 3}, 2);
  CHECK(same_bits(c, Values(6, -0.0)));
}
