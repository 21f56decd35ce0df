#pragma once
#include <string>

#include "workloads/matmul/matmul_parts.hpp"

namespace concdemo {

// How a product was checked; the same on every rank.
struct ProductCheck {
  bool ok = false;
  std::uint64_t entries = 0;       // compared with the scalar chain
  std::uint64_t rows_covered = 0;  // by the check of the whole product
  std::string failure;             // when not ok
};

// Collective: C = A B in two ways, each in memory bounded by a few vectors.
// Sampled entries, rows by columns chosen from `seed`, against the scalar chain: bit for bit, or for the textbook loop
// within the bound of its roundings.
// The whole product after Freivalds ("Probabilistic machines can use less running time", 1977): A (B r) against C r,
// one pass over each matrix, r of small integers other than 0 from the counter generator: one wrong element of a row
// shows for certain, several cancel once in 16 times at most. Differences within the roundings of all three products
// and of C pass, whose bound is a multiple of |A| (|B| |r|). Rows in which NaN, infinities or overflow leave no bound
// are not covered: they are counted, and entries of them are sampled as well.
ProductCheck check_product(const Context& context, const MatmulParts& parts, std::span<const double> c, bool plain,
                           std::uint64_t seed);

}  // namespace concdemo
