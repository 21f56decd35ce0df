#include "kernels/row_products.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/fill.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("row products and their magnitudes are within the stated roundings, for any width and distance of rows") {
  for (const std::size_t columns : {0, 1, 7, 31, 32, 33, 255, 256, 257, 1000}) {
    const std::size_t rows = 5, stride = columns + 3;
    std::vector<double> a(rows * stride), x(columns), weight(columns);
    fill_uniform(a, 1, 0, 0, 1);
    for (std::size_t i = 0; i < a.size(); i += 3) a[i] = -a[i];
    fill_uniform(x, 2, 0, 0, 1);
    fill_uniform(weight, 3, 0, 0, 1);
    std::vector<double> sum(rows, 1.0), magnitude(rows, 2.0), sum_alone(rows, 1.0);
    row_products({a.data(), rows, columns, stride}, x, weight, sum, magnitude, 2);
    row_products({a.data(), rows, columns, stride}, x, {}, sum_alone, {}, 1);
    for (std::size_t i = 0; i < rows; ++i) {
      long double exact = 1, size = 2, scale = 1;
      for (std::size_t j = 0; j < columns; ++j) {
        const long double value = a[i * stride + j];
        exact += value * x[j];
        size += std::abs(value) * weight[j];
        scale += std::abs(value * x[j]);
      }
      const long double part = 0x1p-53L * row_product_roundings(columns);
      CHECK(std::abs(sum[i] - exact) <= part * scale);
      CHECK(std::abs(sum_alone[i] - exact) <= part * scale);
      CHECK(std::abs(magnitude[i] - size) <= part * size);
    }
  }
}

TEST_CASE("row products pass NaN and infinities on") {
  std::vector<double> a(2 * 300, 1.0), x(300, 2.0), sum(2, 0.0), magnitude(2, 0.0);
  a[299] = std::numeric_limits<double>::quiet_NaN();
  a[300 + 64] = -HUGE_VAL;
  row_products({a.data(), 2, 300, 300}, x, x, sum, magnitude, 1);
  CHECK(std::isnan(sum[0]));
  CHECK(std::isnan(magnitude[0]));
  CHECK(sum[1] == -HUGE_VAL);
  CHECK(magnitude[1] == HUGE_VAL);
}
