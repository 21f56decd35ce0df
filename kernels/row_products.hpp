#pragma once
#include <span>

#include "kernels/matrix.hpp"

namespace concdemo {

// sum_i = sum_i + sum over j of a_ij x_j, and, where `magnitude` is not empty, magnitude_i = magnitude_i + sum over j
// of |a_ij| weight_j: a product and its error bound in one pass over A. x and weight have a.columns values, sum and
// magnitude a.rows. Ordinary arithmetic with a bounded error, whatever its order: each term goes through at most
// row_product_roundings(a.columns) roundings. Per element: 2 or 4 flops, 8 bytes read.
void row_products(const MatrixView& a, std::span<const double> x, std::span<const double> weight, std::span<double> sum,
                  std::span<double> magnitude, int threads);

constexpr double row_product_roundings(std::size_t columns) { return 260 + static_cast<double>(columns) / 256; }

}  // namespace concdemo
