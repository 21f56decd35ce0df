// Feeds ExponentBins; included once for each SIMD target.
#if defined(CONCDEMO_KERNELS_EXPONENT_BINS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONCDEMO_KERNELS_EXPONENT_BINS_INL_HPP
#undef CONCDEMO_KERNELS_EXPONENT_BINS_INL_HPP
#else
#define CONCDEMO_KERNELS_EXPONENT_BINS_INL_HPP
#endif

#include "kernels/exact_levels-inl.hpp"
#include "kernels/exponent_bins.hpp"

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

// Some doubles as significand * 2^(4 bin - 1074), |significand| < 2^56; what is not finite is a zero here.
struct SplitTerms {
  static constexpr std::size_t capacity = 256;  // so that they stay in the first cache
  HWY_ALIGN std::int64_t significand[capacity];
  HWY_ALIGN std::int64_t bin[capacity];
  bool all_finite;
};

// count: a multiple of the lanes, at most SplitTerms::capacity.
template <class T>
HWY_INLINE void split(const T* x, std::size_t count, SplitTerms& terms) {
  const Tag d;
  const hn::RebindToSigned<Tag> di;
  const auto zero = hn::Zero(di), special = hn::Set(di, 0x7ff), place = hn::Set(di, 3);
  const auto fraction_bits = hn::Set(di, (std::int64_t{1} << 52) - 1), leading_bit = hn::Set(di, std::int64_t{1} << 52);
  auto not_finite = hn::FirstN(di, 0);
  const T* ahead = x + 8192 / sizeof(T);  // into the second cache: the bins and the terms fill the first
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    for (std::size_t j = 0; j < hn::Lanes(d); j += 64 / sizeof(T)) __builtin_prefetch(ahead + i + j, 0, 2);
    const auto bits = hn::BitCast(di, load_values(x + i));
    const auto field = hn::And(hn::ShiftRight<52>(bits), special);
    const auto normal = hn::Ne(field, zero);
    const auto exponent = hn::Add(field, hn::VecFromMask(di, normal));
    const auto fraction = hn::Or(hn::And(bits, fraction_bits), hn::IfThenElseZero(normal, leading_bit));
    const auto magnitude = hn::Shl(fraction, hn::And(exponent, place));
    const auto sign = hn::BroadcastSignBit(bits);
    const auto infinite = hn::Eq(field, special);
    not_finite = hn::Or(not_finite, infinite);
    hn::Store(hn::IfThenZeroElse(infinite, hn::Sub(hn::Xor(magnitude, sign), sign)), di, terms.significand + i);
    hn::Store(hn::ShiftRight<2>(exponent), di, terms.bin + i);
  }
  terms.all_finite = hn::AllFalse(di, not_finite);
}

// f(i, way) for each of `count` terms, the ways of Bins in turn; count is a multiple of the ways.
template <class Bins>
HWY_INLINE void in_ways(std::size_t count, auto f) {
  for (std::size_t i = 0; i < count; i += Bins::ways) {
    repeat<Bins::ways>([&](auto way) CONCDEMO_INLINE { f(i + static_cast<std::size_t>(way), way); });
  }
}

// Each of these adds `count` terms, a multiple of the lanes and of 4, to the bins, or to a sum what is not finite.
template <class T>
HWY_NOINLINE void fill_bins(SumBins& bins, auto& sum, const T* x, std::size_t count) {
  SplitTerms terms;
  for (std::size_t at = 0; at < count; at += SplitTerms::capacity) {
    const std::size_t n = std::min(SplitTerms::capacity, count - at);
    split(x + at, n, terms);
    bins.reserve(n);
    in_ways<SumBins>(n, [&](std::size_t i, int way) CONCDEMO_INLINE {
      bins.add(terms.significand[i], static_cast<std::size_t>(terms.bin[i]), way);
    });
    for (std::size_t i = 0; !terms.all_finite && i < n; ++i) {
      if (!std::isfinite(x[at + i])) sum.add_not_finite(x[at + i]);
    }
  }
}

template <class T>
HWY_NOINLINE void fill_bins(ProductBins& bins, auto& sum, const T* x, const T* y, std::size_t count) {
  SplitTerms left, right;
  for (std::size_t at = 0; at < count; at += SplitTerms::capacity) {
    const std::size_t n = std::min(SplitTerms::capacity, count - at);
    split(x + at, n, left);
    split(y + at, n, right);
    bins.reserve(n);
    in_ways<ProductBins>(n, [&](std::size_t i, int way) CONCDEMO_INLINE {
      bins.add(static_cast<Int128>(left.significand[i]) * right.significand[i],
               static_cast<std::size_t>(left.bin[i] + right.bin[i]), way);
    });
    for (std::size_t i = 0; !(left.all_finite && right.all_finite) && i < n; ++i) {
      const double a{x[at + i]}, b{y[at + i]};
      if (!std::isfinite(a) || !std::isfinite(b)) sum.add_not_finite(a * b);
    }
  }
}

// Squares, and with `moments` the elements too.
template <bool moments, class T>
HWY_NOINLINE void fill_bins(SquareBins& square_bins, SumBins& bins, auto& squares, auto* sum, const T* x,
                            std::size_t count) {
  SplitTerms terms;
  for (std::size_t at = 0; at < count; at += SplitTerms::capacity) {
    const std::size_t n = std::min(SplitTerms::capacity, count - at);
    split(x + at, n, terms);
    square_bins.reserve(n);
    bins.reserve(n);
    in_ways<SquareBins>(n, [&](std::size_t i, int way) CONCDEMO_INLINE {
      const std::int64_t significand = terms.significand[i];
      const auto bin = static_cast<std::size_t>(terms.bin[i]);
      square_bins.add(static_cast<Int128>(significand) * significand, bin, way);
      if (moments) bins.add(significand, bin, way % SumBins::ways);
    });
    for (std::size_t i = 0; !terms.all_finite && i < n; ++i) {
      if (std::isfinite(x[at + i])) continue;
      squares.add_not_finite(x[at + i] * x[at + i]);
      if (moments) sum->add_not_finite(x[at + i]);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#endif
