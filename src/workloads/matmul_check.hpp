#pragma once
#include <string>

#include "workloads/matmul_shares.hpp"

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
// The whole product after Freivalds ("Probabilistic machines can use less running time", 1977): A (B r) against C r, one pass
// over each matrix, r of small integers other than 0 from the counter generator, so that a wrong element always shows and
// several in a row cancel once in 16 times at most. A row may differ by the roundings of all three products and of C, whose
// bound is a multiple of |A| (|B| |r|); what is checked with is independent of matmul's kernel. Rows in which NaN, infinities
// or overflow leave no such bound are not covered: they are counted, and more entries of them are sampled.
ProductCheck check_product(const Context& context, const MatmulShares& shares, std::span<const double> c, bool plain,
                           std::uint64_t seed);

}  // namespace concdemo
