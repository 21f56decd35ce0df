// matmul held against a BLAS: every entry within the bound of two differently rounded sums of k products,
// 2 (k + 1) u (|A| |B|)_ij with u = 2^-53, on every SIMD target and on shapes with edges of every kind.
#include <cblas.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "kernels/fill.hpp"
#include "kernels/matmul.hpp"
#include "kernels/simd.hpp"

namespace {

using Values = std::vector<double>;

Values random_values(std::size_t count, std::uint64_t seed) {
  Values x(count);
  concdemo::fill_uniform(x, seed, 0, 0, 1);
  for (double& value : x) value -= 0.5;
  return x;
}

Values magnitudes(Values x) {
  for (double& value : x) value = std::abs(value);
  return x;
}

Values by_blas(const Values& a, const Values& b, std::size_t m, std::size_t k, std::size_t n) {
  const auto rows = static_cast<int>(m), inner = static_cast<int>(k), columns = static_cast<int>(n);
  Values c(m * n);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, inner, 1, a.data(), inner, b.data(), columns, 0,
              c.data(), columns);
  return c;
}

}  // namespace

int main() {
  std::size_t wrong = 0, entries = 0;
  const std::size_t shapes[][3] = {{1, 1000, 1}, {300, 300, 300}, {611, 1003, 517}, {2000, 64, 64}, {64, 64, 2000},
                                   {5, 3000, 7}, {257, 255, 265}, {1, 77, 900},     {900, 77, 1}};
  for (const auto& [m, k, n] : shapes) {
    const Values a = random_values(m * k, 1), b = random_values(k * n, 2);
    const Values expected = by_blas(a, b, m, k, n), bound = by_blas(magnitudes(a), magnitudes(b), m, k, n);
    for (const std::string& target : concdemo::simd_targets()) {
      if (target == "scalar" && m * k * n > 30'000'000) continue;  // std::fma may be software
      concdemo::set_simd_target(target);
      Values c(m * n);
      concdemo::matmul(a, b, c, m, k, n, 2);
      for (std::size_t e = 0; e < c.size(); ++e, ++entries) {
        if (std::abs(c[e] - expected[e]) <= 2 * static_cast<double>(k + 1) * 0x1p-53 * bound[e]) continue;
        if (wrong++ < 5) fmt::print("{}x{}x{} {}: entry {} is {}, not {}\n", m, k, n, target, e, c[e], expected[e]);
      }
    }
  }
  fmt::print("{} of {} entries differ from the BLAS\n", wrong, entries);
  return wrong == 0 && entries > 0 ? 0 : 1;
}
