// The vector path of residues; included once for each SIMD target.
#if defined(CONCDEMO_KERNELS_RESIDUE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONCDEMO_KERNELS_RESIDUE_INL_HPP
#undef CONCDEMO_KERNELS_RESIDUE_INL_HPP
#else
#define CONCDEMO_KERNELS_RESIDUE_INL_HPP
#endif

#include "kernels/residue.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::ScalableTag<std::uint64_t>;
using Vector = hn::Vec<Words>;

HWY_INLINE Vector all(std::uint64_t value) { return hn::Set(Words(), value); }

// Of an element's bits, whose value is half of significand * 2^field in some unit.
template <class T>
struct Format {
  static constexpr int fraction_bits = std::is_same_v<T, double> ? 52 : 23;
  static constexpr std::uint64_t not_finite = std::is_same_v<T, double> ? 0x7ff : 0xff;  // the field of such
  static constexpr int unit = std::is_same_v<T, double> ? 60 : 1074 - 149 - 1;  // 2^60 is a half modulo 2^61 - 1
};

// Of the lower halves of lanes.
HWY_INLINE Vector half_product(Vector a, Vector b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Mul(hn::And(a, all(0xffffffff)), hn::And(b, all(0xffffffff)));
#else
  const hn::Repartition<std::uint32_t, Words> halves;
  return hn::MulEven(hn::BitCast(halves, a), hn::BitCast(halves, b));
#endif
}
HWY_INLINE Vector half_max(Vector a, Vector b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Max(a, b);
#else
  const hn::Repartition<std::uint32_t, Words> halves;
  return hn::BitCast(Words(), hn::Max(hn::BitCast(halves, a), hn::BitCast(halves, b)));
#endif
}

// For the reference. As integers, not as doubles: the registers of those are the vectors' own, and where their upper
// halves are in use, each instruction of older kind that writes to one takes some 100 ns.
HWY_INLINE std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }

// The bits of elements, the sign in a lane's highest bit.
HWY_INLINE Vector load_bits(const double* x) { return hn::BitCast(Words(), hn::LoadU(hn::ScalableTag<double>(), x)); }
HWY_INLINE Vector load_bits(const float* x) {
  const hn::Rebind<float, Words> floats;
  const hn::Rebind<std::int32_t, Words> integers;
  return hn::BitCast(Words(),
                     hn::PromoteTo(hn::Rebind<std::int64_t, Words>(), hn::BitCast(integers, hn::LoadU(floats, x))));
}

HWY_INLINE Vector sign_of(Vector bits) {
  return hn::BitCast(Words(), hn::BroadcastSignBit(hn::BitCast(hn::RebindToSigned<Words>(), bits)));
}

// Half of (-1)^sign * significand * 2^exponent in some unit; a sign is all ones or zeros.
struct Elements {
  Vector significand, exponent, sign;
};

// Notes the greatest field of exponents, which tells what is no number; such are zeros, if they are to be left out.
template <class T, bool finite_only>
HWY_INLINE Elements elements_of(Vector bits, Vector& greatest_field) {
  const Vector field = hn::And(hn::ShiftRight<Format<T>::fraction_bits>(bits), all(Format<T>::not_finite));
  greatest_field = half_max(greatest_field, field);
  const Vector leading =
      hn::IfThenZeroElse(hn::Eq(field, hn::Zero(Words())), all(std::uint64_t{1} << Format<T>::fraction_bits));
  Vector significand = hn::OrAnd(leading, bits, all((std::uint64_t{1} << Format<T>::fraction_bits) - 1));
  if constexpr (finite_only) {
    significand = hn::IfThenZeroElse(hn::Eq(field, all(Format<T>::not_finite)), significand);
  }
  return {significand, half_max(field, all(1)), sign_of(bits)};
}

// In [0, p]; of significands below 2^61.
HWY_INLINE Vector residue(const Elements& x) {
  // Exponents modulo 61: the fraction of exponent / 61, in units of 2^-32, times 61.
  const Vector fraction = half_product(x.exponent, all((std::uint64_t{1} << 32) / 61 + 1));
  const Vector places = hn::ShiftRight<32>(half_product(fraction, all(61)));
  const Vector rotated = hn::Or(hn::Shl(x.significand, places), hn::Shr(x.significand, hn::Sub(all(61), places)));
  return hn::And(hn::Xor(rotated, x.sign), all(residue_modulus));  // p - r has the bits inverted
}

constexpr std::size_t unroll = 4;  // vectors a step

// Adds up to `unroll` residues in [0, p] to a lane's sum, which stays below 2^64.
HWY_INLINE void add_terms_to(Vector& sum, Vector terms) {
  sum = hn::Add(hn::Add(hn::And(sum, all(residue_modulus)), hn::ShiftRight<61>(sum)), terms);
}

// Up to `unroll` products, by residues a0 + 2^31 a1 and b0 + 2^31 b1, each part by itself below 2^64.
struct ResidueProducts {
  HWY_INLINE void add(const Elements& x, const Elements& y) {
    const Vector a = residue(x), b = residue(y), mask = all((std::uint64_t{1} << 31) - 1);
    const Vector a0 = hn::And(a, mask), a1 = hn::ShiftRight<31>(a);
    const Vector b0 = hn::And(b, mask), b1 = hn::ShiftRight<31>(b);
    low = hn::Add(low, half_product(a0, b0));
    middle = hn::Add(middle, hn::Add(half_product(a0, b1), half_product(a1, b0)));
    high = hn::Add(high, half_product(a1, b1));
  }
  HWY_INLINE void add_square(const Elements& x) {
    const Vector a = residue(x);
    const Vector a0 = hn::And(a, all((std::uint64_t{1} << 31) - 1)), a1 = hn::ShiftRight<31>(a);
    low = hn::Add(low, half_product(a0, a0));
    middle = hn::Add(middle, half_product(a0, hn::Add(a1, a1)));
    high = hn::Add(high, half_product(a1, a1));
  }
  // low + 2^31 middle + 2^62 high to a lane's sum.
  HWY_INLINE void add_to(Vector& sum) const {
    const Vector mask = all(residue_modulus);
    const Vector upper = hn::Add(hn::ShiftRight<61>(sum), hn::Add(hn::ShiftRight<61>(low), hn::ShiftRight<30>(middle)));
    const Vector lower = hn::Add(hn::And(low, mask), hn::And(hn::ShiftLeft<31>(middle), mask));
    sum = hn::Add(hn::Add(hn::And(sum, mask), hn::Add(high, high)), hn::Add(lower, upper));
  }

  Vector low, middle, high;
};

// The same of floats, whose significands have a product of 48 bits.
struct SignificandProducts {
  HWY_INLINE void add(const Elements& x, const Elements& y) {
    const Vector significand = half_product(x.significand, y.significand);
    terms = hn::Add(terms, residue({significand, hn::Add(x.exponent, y.exponent), hn::Xor(x.sign, y.sign)}));
  }
  HWY_INLINE void add_square(const Elements& x) { add(x, x); }
  HWY_INLINE void add_to(Vector& sum) const { add_terms_to(sum, terms); }

  Vector terms;
};
template <class T>
using Products = std::conditional_t<std::is_same_v<T, double>, ResidueProducts, SignificandProducts>;

HWY_INLINE void add_lanes(Residues& result, Vector sum, int unit) {
  HWY_ALIGN std::uint64_t lanes[hn::MaxLanes(Words())];
  hn::Store(sum, Words(), lanes);
  for (std::size_t lane = 0; lane < hn::Lanes(Words()); ++lane) result.add(lanes[lane], unit);
}

// What a step adds to: sums of lanes, each below 2^64.
template <class T>
struct SumLanes {
  template <bool finite_only>
  HWY_INLINE void step(std::size_t i, Vector& greatest_field) {
    Vector terms = residue(elements_of<T, finite_only>(load_bits(x + i), greatest_field));
    for (std::size_t k = 1; k < unroll; ++k) {
      terms = hn::Add(terms,
                      residue(elements_of<T, finite_only>(load_bits(x + i + k * hn::Lanes(Words())), greatest_field)));
    }
    add_terms_to(sum, terms);
  }
  void add_one(std::size_t i) { add_residue(*result, bits_of(x[i])); }
  void count_one(std::size_t i) { count_not_finite(*result, bits_of(x[i])); }
  void finish(std::size_t elements) {
    result->elements += elements;
    add_lanes(*result, sum, Format<T>::unit);
  }

  const T* x;
  Residues* result;
  Vector sum = hn::Zero(Words());
};

template <class T, bool squares>
struct ProductLanes {
  template <bool finite_only>
  HWY_INLINE void step(std::size_t i, Vector& greatest_field) {
    Products<T> products{};
    for (std::size_t k = 0; k < unroll; ++k, i += hn::Lanes(Words())) {
      const Elements left = elements_of<T, finite_only>(load_bits(x + i), greatest_field);
      if constexpr (squares) products.add_square(left);
      else products.add(left, elements_of<T, finite_only>(load_bits(y + i), greatest_field));
    }
    products.add_to(sum);
  }
  void add_one(std::size_t i) { add_product_residue(*result, bits_of(x[i]), bits_of(y[i])); }
  void count_one(std::size_t i) { count_not_finite(*result, bits_of(x[i]), bits_of(y[i])); }
  void finish(std::size_t elements) {
    result->elements += elements;
    add_lanes(*result, sum, 2 * Format<T>::unit);
  }

  const T* x;
  const T* y;
  Residues* result;
  Vector sum = hn::Zero(Words());
};

template <class T>
struct MomentLanes {
  using Keys = hn::RebindToSigned<Words>;
  using Bits = std::conditional_t<std::is_same_v<T, double>, std::int64_t, std::int32_t>;
  static std::int64_t key_of_double(std::int64_t key) {
    const double value = std::bit_cast<T>(static_cast<Bits>(ordered(key)));
    return ordered(std::bit_cast<std::int64_t>(value));
  }

  template <bool finite_only>
  HWY_INLINE void step(std::size_t i, Vector& greatest_field) {
    Vector terms = hn::Zero(Words());
    Products<T> products{};
    for (std::size_t k = 0; k < unroll; ++k, i += hn::Lanes(Words())) {
      const Vector bits = load_bits(x + i);
      const Elements elements = elements_of<T, finite_only>(bits, greatest_field);
      terms = hn::Add(terms, residue(elements));
      products.add_square(elements);
      if constexpr (finite_only) continue;  // count_not_finite() has the extremes
      const auto but_sign = all(std::uint64_t{std::numeric_limits<std::int64_t>::max()});
      const auto key = hn::BitCast(Keys(), hn::Xor(bits, hn::And(elements.sign, but_sign)));
      least = hn::Min(least, key);
      greatest = hn::Max(greatest, key);
    }
    add_terms_to(sum, terms);
    products.add_to(squares);
  }
  void add_one(std::size_t i) { add_moment_residue(*result, bits_of(x[i])); }
  void count_one(std::size_t i) { count_not_finite(*result, bits_of(x[i])); }
  void finish(std::size_t elements) {
    result->sum.elements += elements;
    result->squares.elements += elements;
    add_lanes(result->sum, sum, Format<T>::unit);
    add_lanes(result->squares, squares, 2 * Format<T>::unit);
    HWY_ALIGN std::int64_t keys[2][hn::MaxLanes(Keys())];
    hn::Store(least, Keys(), keys[0]);
    hn::Store(greatest, Keys(), keys[1]);
    for (std::size_t lane = 0; lane < hn::Lanes(Keys()); ++lane) {
      if (keys[0][lane] <= keys[1][lane]) result->widen(key_of_double(keys[0][lane]), key_of_double(keys[1][lane]));
    }
  }

  const T* x;
  MomentResidues* result;
  Vector sum = hn::Zero(Words());
  Vector squares = hn::Zero(Words());
  hn::Vec<Keys> least = hn::Set(Keys(), std::numeric_limits<std::int64_t>::max());
  hn::Vec<Keys> greatest = hn::Set(Keys(), std::numeric_limits<std::int64_t>::min());
};

// Of n elements, in groups; one with what is no number is done again without that.
template <class T, class Lanes>
HWY_INLINE void add_groups(Lanes lanes, std::size_t n) {
  constexpr std::size_t group = 512;
  const std::size_t step = unroll * hn::Lanes(Words());
  const std::size_t vectors = n / step * step;
  for (std::size_t begin = 0; begin < vectors; begin += group) {
    const std::size_t end = std::min(begin + group, vectors);
    Lanes tried = lanes;
    Vector greatest_field = hn::Zero(Words());
    for (std::size_t i = begin; i < end; i += step) tried.template step<false>(i, greatest_field);
    if (hn::AllTrue(Words(), hn::Lt(greatest_field, all(Format<T>::not_finite)))) {
      lanes = tried;
      continue;
    }
    for (std::size_t i = begin; i < end; i += step) lanes.template step<true>(i, greatest_field);
    for (std::size_t i = begin; i < end; ++i) lanes.count_one(i);
  }
  lanes.finish(vectors);
  for (std::size_t i = vectors; i < n; ++i) lanes.add_one(i);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#endif
