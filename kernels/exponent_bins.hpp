#pragma once
#include "kernels/exact_accumulator.hpp"

#include <cstddef>
#include <cstdint>

namespace concdemo {

// Terms over any number of binades at a few cycles each: 128-bit integers, one for some neighbouring exponents, that
// meet their carries later. (After R. M. Neal, "Fast exact summation using small and large superaccumulators", 2015.)
//
// Each bin is there in several ways, used in turn, so that terms of one bin need not wait for each other; with few bins
// they stay in the first cache. A bin for each single exponent took products over the whole range 1.4 times as long.
template <int bins, int term_bits, int exponents_a_bin, int bin_ways>
class ExponentBins {
 public:
  static constexpr int ways = bin_ways;

  // Makes room for so many terms, at most 2^14. To be called before they are added.
  void reserve(std::size_t terms) {
    constexpr std::uint64_t budget = std::uint64_t{1} << (127 - term_bits < 63 ? 127 - term_bits : 63);
    terms_ += terms;
    if (terms_ <= budget) return;
    fold();
    terms_ = terms + 1;  // what fold() leaves is less than a term
  }
  // Adds term * 2^(exponents_a_bin * bin); |term| < 2^term_bits.
  void add(Int128 term, std::size_t bin, int way) { bins_[way][bin] += term; }

  // Moves everything into `sum`.
  void flush(auto& sum) {
    for (int bin = 0; bin < bins; ++bin) {
      for (auto& way : bins_) {
        if (way[bin] != 0) sum.add_scaled(way[bin], exponents_a_bin * bin);
        way[bin] = 0;
      }
      if (high_[bin] != 0) sum.add_scaled(high_[bin], exponents_a_bin * bin + 64);
      high_[bin] = 0;
    }
    terms_ = 0;
  }

 private:
  // Leaves the low halves.
  void fold() {
    for (auto& way : bins_) {
      for (int bin = 0; bin < bins; ++bin) {
        high_[bin] += way[bin] >> 64;
        way[bin] = static_cast<std::uint64_t>(way[bin]);
      }
    }
  }

  Int128 bins_[ways][bins] = {};
  Int128 high_[bins] = {};  // what fold() took, in units of 2^64
  std::uint64_t terms_ = 0;
};

// Of significands that are shifted by up to 3, for four exponents of a double share a bin.
inline constexpr int shifted_bits = 53 + 3;
using SumBins = ExponentBins<512, shifted_bits, 4, 2>;
using ProductBins = ExponentBins<1024, 2 * shifted_bits, 4, 2>;
using SquareBins = ExponentBins<512, 2 * shifted_bits, 8, 4>;

}  // namespace concdemo
