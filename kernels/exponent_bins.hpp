#pragma once
#include "kernels/exact_accumulator.hpp"

#include <cstddef>
#include <cstdint>

namespace concdemo {

// Terms of any size added at a few cycles each: what the vector path falls back on for data that span too many binades.
// A term magnitude * 2^exponent goes into the bin of its exponent, 2^shift_bits exponents to a bin, cut into 32-bit
// parts so that carries wait until flush(). Integer must hold a shifted magnitude with its sign.
template <class Integer, int parts, int shift_bits>
class ExponentBins {
 public:
  void add(Integer magnitude, int exponent, bool negative) {
    const Integer shifted = magnitude << (exponent & ((1 << shift_bits) - 1));
    Integer value = negative ? -shifted : shifted;
    std::int64_t* bin = bins_[exponent >> shift_bits];
    for (int i = 0; i + 1 < parts; ++i) {
      bin[i] += static_cast<std::int64_t>(value & 0xffffffff);
      value >>= 32;
    }
    bin[parts - 1] += static_cast<std::int64_t>(value);
  }

  // Moves everything into `sum`. To be called at least every 2^30 terms.
  template <class Sum>
  void flush(Sum& sum) {
    for (int bin = 0; bin < bin_count; ++bin) {
      for (int part = 0; part < parts; ++part) {
        if (bins_[bin][part] == 0) continue;
        sum.add_scaled(Int128{bins_[bin][part]}, (bin << shift_bits) + 32 * part);
        bins_[bin][part] = 0;
      }
    }
  }

 private:
  static constexpr int bin_count = 256;
  std::int64_t bins_[bin_count][parts] = {};
};

using SumBins = ExponentBins<std::int64_t, 2, 3>;  // 53 + 7 bits of magnitude, exponents up to 2045
using ProductBins = ExponentBins<Int128, 4, 4>;  // 106 + 15 bits, exponents up to 4090

}  // namespace concdemo
