#pragma once
#include "kernels/exact_accumulator.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <span>

// Casting out nines, to check exact sums by arithmetic that shares nothing with them: integer instructions alone, no
// rounding, no anchors, no bins. A double is an integer multiple of 2^-1074, a product of two of 2^-2148; of these
// integers the residue modulo p = 2^61 - 1 is kept, where multiplying by a power of two rotates 61 bits. A wrong sum
// passes if it is wrong by a multiple of p: one error in 10^18, but no single bit, element (lost, twice, of the wrong
// sign) or product.
namespace concdemo {

constexpr std::uint64_t residue_modulus = (std::uint64_t{1} << 61) - 1;

// What is left of terms: of elements for a sum, of products for a dot product.
struct Residues {
  std::uint64_t elements = 0;
  // Of terms as IEEE has them (inf * 0 is NaN); only finite ones have a residue.
  std::uint64_t nans = 0;
  std::uint64_t plus_infinities = 0;
  std::uint64_t minus_infinities = 0;
  std::uint64_t not_negative_zeros = 0;  // no count, but 0 exactly if every term was -0.0, as their sum then is
  std::uint64_t value = 0;               // in [0, p)

  bool operator==(const Residues&) const = default;
  void merge(const Residues& other);
  void add(UInt128 term, int exponent);  // term * 2^exponent to the value; exponent >= 0
  void note_sign(bool negative_zero);    // of a term

  // As words that processes may add up, each by itself: the sum of the words of up to 2^32 parts is that of the whole.
  using Words = std::array<std::uint64_t, 7>;
  Words words() const;
  static Residues from_words(const Words& sum);
};

// Integers that are ordered as doubles of these bits are, -0 < +0: all but the sign inverted for negative ones. Its own
// inverse.
constexpr std::int64_t ordered(std::int64_t bits) {
  return bits ^ (bits >> 63 & std::numeric_limits<std::int64_t>::max());
}

// What is left of elements for count, extremes, sum and sum of squares.
struct MomentResidues {
  Residues sum;
  Residues squares;
  // ordered() bits, of what is not NaN
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();

  void merge(const MomentResidues& other);
  void widen(std::int64_t low, std::int64_t high);  // ordered() bits
  double min() const;                               // NaN (0x7ff8000000000000) if any element is, or there is none
  double max() const;
};

// The reference: one term, of the bits of doubles.
void add_residue(Residues& sum, std::uint64_t x);
void add_product_residue(Residues& sum, std::uint64_t x, std::uint64_t y);
void add_moment_residue(MomentResidues& moments, std::uint64_t x);
// What of it the vector path leaves out, in a block that holds NaN or an infinity: their counts, and extremes.
void count_not_finite(Residues& sum, std::uint64_t x);
void count_not_finite(Residues& sum, std::uint64_t x, std::uint64_t y);
void count_not_finite(MomentResidues& moments, std::uint64_t x);

// Add what is left of every element, by the selected SIMD target, the same on each; one thread, memory read once.
void add_residues(Residues& sum, std::span<const double> x);
void add_residues(Residues& sum, std::span<const float> x);
// Of x[i] * y[i]; equal lengths. x and y may be the same place.
void add_product_residues(Residues& sum, std::span<const double> x, std::span<const double> y);
void add_product_residues(Residues& sum, std::span<const float> x, std::span<const float> y);
void add_moment_residues(MomentResidues& moments, std::span<const double> x);
void add_moment_residues(MomentResidues& moments, std::span<const float> x);

// In [0, p): of the sum of limbs[i] * 2^(32 i), normalised or not.
std::uint64_t residue_of(std::span<const std::int64_t> limbs);

// Whether an exact sum can be that of the terms: its residue, and its counts of what is no number.
template <int words, int lowest>
bool agrees(const Residues& terms, const ExactAccumulator<words, lowest>& sum) {
  return residue_of(sum.limbs()) == terms.value && sum.nan_count() == terms.nans &&
         sum.plus_infinity_count() == terms.plus_infinities && sum.minus_infinity_count() == terms.minus_infinities &&
         sum.has_other_term() == (terms.not_negative_zeros != 0);
}

}  // namespace concdemo
