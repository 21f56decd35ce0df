#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/residue.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/residue-inl.hpp"
#include "kernels/residue.hpp"
#include "kernels/simd.hpp"

#include <algorithm>
#include <bit>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

template <class T>
void add_terms(Residues& sum, const T* x, std::size_t n) {
  add_groups<T>(SumLanes<T>{x, &sum}, n);
}
template <class T>
void add_terms(Residues& sum, const T* x, const T* y, std::size_t n) {
  if (x == y) add_groups<T>(ProductLanes<T, true>{x, y, &sum}, n);
  else add_groups<T>(ProductLanes<T, false>{x, y, &sum}, n);
}
template <class T>
void add_terms(MomentResidues& moments, const T* x, std::size_t n) {
  add_groups<T>(MomentLanes<T>{x, &moments}, n);
}

void sum_doubles(Residues& sum, const double* x, std::size_t n) { add_terms(sum, x, n); }
void sum_floats(Residues& sum, const float* x, std::size_t n) { add_terms(sum, x, n); }
void product_doubles(Residues& sum, const double* x, const double* y, std::size_t n) { add_terms(sum, x, y, n); }
void product_floats(Residues& sum, const float* x, const float* y, std::size_t n) { add_terms(sum, x, y, n); }
void moment_doubles(MomentResidues& moments, const double* x, std::size_t n) { add_terms(moments, x, n); }
void moment_floats(MomentResidues& moments, const float* x, std::size_t n) { add_terms(moments, x, n); }

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(sum_doubles);
HWY_EXPORT(sum_floats);
HWY_EXPORT(product_doubles);
HWY_EXPORT(product_floats);
HWY_EXPORT(moment_doubles);
HWY_EXPORT(moment_floats);

// Modulo p: what lies above 61 bits counts from the bottom again.
std::uint64_t reduced(UInt128 value) {
  for (int i = 0; i < 2; ++i) value = (value & residue_modulus) + (value >> 61);
  const auto rest = static_cast<std::uint64_t>(value);
  return rest < residue_modulus ? rest : rest - residue_modulus;
}

constexpr std::uint64_t infinity_bits = std::uint64_t{0x7ff} << 52;  // of NaN: more
bool is_negative(std::uint64_t bits) { return bits >> 63 != 0; }
std::uint64_t magnitude_of(std::uint64_t bits) { return bits << 1 >> 1; }
std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }

bool is_finite(std::uint64_t bits) { return magnitude_of(bits) < infinity_bits; }
bool is_negative_zero(std::uint64_t x) { return is_negative(x) && magnitude_of(x) == 0; }
bool is_negative_zero(std::uint64_t x, std::uint64_t y) {
  return (magnitude_of(x) == 0 || magnitude_of(y) == 0) && is_finite(x) && is_finite(y) && is_negative(x ^ y);
}

// Of a finite number.
std::uint64_t residue_of_double(std::uint64_t bits) {
  const DoubleParts parts = parts_of(bits);
  const std::uint64_t residue = reduced(static_cast<UInt128>(parts.significand) << parts.exponent % 61);
  return parts.negative ? residue_modulus - residue : residue;
}

// The vector path sees no sign of zero: settled before, once there is any other term.
template <class IsNegativeZero>
void note_terms(Residues& sum, std::size_t n, IsNegativeZero is_negative_zero_at) {
  for (std::size_t i = 0; i < n && sum.not_negative_zeros == 0; ++i) sum.note_sign(is_negative_zero_at(i));
}

template <class T, class AddTerms>
void add_sum(Residues& sum, std::span<const T> x, AddTerms add_terms) {
  if (simd_is_scalar()) {
    for (const T value : x) add_residue(sum, bits_of(value));
    return;
  }
  note_terms(sum, x.size(), [x](std::size_t i) { return is_negative_zero(bits_of(x[i])); });
  add_terms(sum, x.data(), x.size());
}

template <class T, class AddTerms>
void add_products(Residues& sum, std::span<const T> x, std::span<const T> y, AddTerms add_terms) {
  if (simd_is_scalar()) {
    for (std::size_t i = 0; i < x.size(); ++i) add_product_residue(sum, bits_of(x[i]), bits_of(y[i]));
    return;
  }
  note_terms(sum, x.size(), [x, y](std::size_t i) { return is_negative_zero(bits_of(x[i]), bits_of(y[i])); });
  add_terms(sum, x.data(), y.data(), x.size());
}

template <class T, class AddTerms>
void add_moments(MomentResidues& moments, std::span<const T> x, AddTerms add_terms) {
  if (simd_is_scalar()) {
    for (const T value : x) add_moment_residue(moments, bits_of(value));
    return;
  }
  note_terms(moments.sum, x.size(), [x](std::size_t i) { return is_negative_zero(bits_of(x[i])); });
  note_terms(moments.squares, x.size(), [](std::size_t) { return false; });
  add_terms(moments, x.data(), x.size());
}

double extreme_of(const MomentResidues& moments, std::int64_t key) {
  const bool none = moments.sum.elements == 0 || moments.sum.nans != 0;
  return none ? std::numeric_limits<double>::quiet_NaN() : std::bit_cast<double>(ordered(key));
}

}  // namespace

void add_residue(Residues& sum, std::uint64_t x) {
  ++sum.elements;
  sum.note_sign(is_negative_zero(x));
  if (is_finite(x)) sum.add(residue_of_double(x), 0);
  count_not_finite(sum, x);
}
void add_product_residue(Residues& sum, std::uint64_t x, std::uint64_t y) {
  ++sum.elements;
  sum.note_sign(is_negative_zero(x, y));
  if (is_finite(x) && is_finite(y)) sum.add(static_cast<UInt128>(residue_of_double(x)) * residue_of_double(y), 0);
  count_not_finite(sum, x, y);
}
void add_moment_residue(MomentResidues& moments, std::uint64_t x) {
  ++moments.sum.elements;
  ++moments.squares.elements;
  moments.sum.note_sign(is_negative_zero(x));
  moments.squares.note_sign(false);
  if (is_finite(x)) {
    const std::uint64_t residue = residue_of_double(x);
    moments.sum.add(residue, 0);
    moments.squares.add(static_cast<UInt128>(residue) * residue, 0);
  }
  count_not_finite(moments, x);
}

void count_not_finite(Residues& sum, std::uint64_t x) {
  if (is_finite(x)) return;
  ++(magnitude_of(x) > infinity_bits ? sum.nans : is_negative(x) ? sum.minus_infinities : sum.plus_infinities);
}
void count_not_finite(Residues& sum, std::uint64_t x, std::uint64_t y) {
  const std::uint64_t a = magnitude_of(x), b = magnitude_of(y);
  if (is_finite(x) && is_finite(y)) return;
  const bool nan = a > infinity_bits || b > infinity_bits || a == 0 || b == 0;
  ++(nan ? sum.nans : is_negative(x ^ y) ? sum.minus_infinities : sum.plus_infinities);
}
void count_not_finite(MomentResidues& moments, std::uint64_t x) {
  count_not_finite(moments.sum, x);
  count_not_finite(moments.squares, x, x);
  const std::int64_t key = ordered(static_cast<std::int64_t>(x));
  if (magnitude_of(x) <= infinity_bits) moments.widen(key, key);
}

void add_residues(Residues& sum, std::span<const double> x) { add_sum(sum, x, HWY_DYNAMIC_DISPATCH(sum_doubles)); }
void add_residues(Residues& sum, std::span<const float> x) { add_sum(sum, x, HWY_DYNAMIC_DISPATCH(sum_floats)); }
void add_product_residues(Residues& sum, std::span<const double> x, std::span<const double> y) {
  add_products(sum, x, y, HWY_DYNAMIC_DISPATCH(product_doubles));
}
void add_product_residues(Residues& sum, std::span<const float> x, std::span<const float> y) {
  add_products(sum, x, y, HWY_DYNAMIC_DISPATCH(product_floats));
}
void add_moment_residues(MomentResidues& moments, std::span<const double> x) {
  add_moments(moments, x, HWY_DYNAMIC_DISPATCH(moment_doubles));
}
void add_moment_residues(MomentResidues& moments, std::span<const float> x) {
  add_moments(moments, x, HWY_DYNAMIC_DISPATCH(moment_floats));
}

std::uint64_t residue_of(std::span<const std::int64_t> limbs) {
  Residues sum;
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    const bool negative = limbs[i] < 0;
    const auto bits = static_cast<std::uint64_t>(limbs[i]);
    const std::uint64_t magnitude = reduced(negative ? 0 - bits : bits);
    sum.add(negative ? residue_modulus - magnitude : magnitude, static_cast<int>(32 * i));
  }
  return sum.value;
}

void Residues::add(UInt128 term, int exponent) {
  value = reduced(value + (static_cast<UInt128>(reduced(term)) << exponent % 61));
}
void Residues::note_sign(bool negative_zero) {
  if (!negative_zero && not_negative_zeros == 0) not_negative_zeros = 1;
}
void Residues::merge(const Residues& other) {
  Words sum = words();
  const Words added = other.words();
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += added[i];
  *this = from_words(sum);
}
Residues::Words Residues::words() const {
  return {elements, nans, plus_infinities, minus_infinities, not_negative_zeros, value & 0xffffffff, value >> 32};
}
Residues Residues::from_words(const Words& sum) {
  return {sum[0], sum[1], sum[2], sum[3], sum[4], reduced(sum[5] + (static_cast<UInt128>(sum[6]) << 32))};
}

void MomentResidues::merge(const MomentResidues& other) {
  sum.merge(other.sum);
  squares.merge(other.squares);
  widen(other.least, other.greatest);
}
void MomentResidues::widen(std::int64_t low, std::int64_t high) {
  least = std::min(least, low);
  greatest = std::max(greatest, high);
}
double MomentResidues::min() const { return extreme_of(*this, least); }
double MomentResidues::max() const { return extreme_of(*this, greatest); }

}  // namespace concdemo
#endif
