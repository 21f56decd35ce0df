#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>

// What ExactSum and ExactProductSum share: a fixed-point number so wide that nothing is rounded before the end, and
// counters of what is no number.
namespace concdemo {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

// A double taken apart. If finite: value = (-1)^negative * significand * 2^(exponent - 1074), exponent in [0, 2045].
struct DoubleParts {
  std::uint64_t significand;
  int exponent;
  bool negative;
  bool finite;
};

inline DoubleParts parts_of(std::uint64_t bits) {
  const int field = static_cast<int>(bits >> 52 & 0x7ff);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  const bool normal = field != 0;
  return {fraction | std::uint64_t{normal} << 52, normal ? field - 1 : 0, (bits >> 63) != 0, field != 0x7ff};
}

// A sum of limbs()[i] * 2^(32 i + lowest), with room for 2^64 terms. Trivially copyable; 8 * words + 40 bytes.
template <int words, int lowest>
class ExactAccumulator {
 public:
  using Limbs = std::array<std::int64_t, words>;
  static constexpr int lowest_exponent = lowest;

  // After it every limb is in [0, 2^32) but the last, which is negative exactly if the finite sum is.
  void normalise() {
    std::int64_t carry = 0;
    for (int i = 0; i + 1 < words; ++i) {
      const std::int64_t value = limbs_[i] + carry;
      limbs_[i] = value & 0xffffffff;
      carry = value >> 32;
    }
    limbs_[words - 1] += carry;
    pending_ = 1;
  }
  const Limbs& limbs() const { return limbs_; }  // of the finite terms; call normalise() first

  std::uint64_t nan_count() const { return nans_; }
  std::uint64_t plus_infinity_count() const { return plus_infinities_; }
  std::uint64_t minus_infinity_count() const { return minus_infinities_; }
  bool is_negative_zero() const { return has_negative_zero_ != 0 && has_other_term_ == 0; }  // of -0.0 alone

  void merge(ExactAccumulator other) {
    other.normalise();
    normalise();
    for (int i = 0; i < words; ++i) limbs_[i] += other.limbs_[i];
    pending_ = 2;
    nans_ += other.nans_;
    plus_infinities_ += other.plus_infinities_;
    minus_infinities_ += other.minus_infinities_;
    has_negative_zero_ |= other.has_negative_zero_;
    has_other_term_ |= other.has_other_term_;
  }

  // The real sum to the nearest double, ties to even; infinity beyond the range. As IEEE adds: NaN with any NaN or with
  // infinities of both signs (always 0x7ff8000000000000), -0.0 of negative zeros alone, 0.0 of nothing.
  double round() const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (nans_ != 0 || (plus_infinities_ != 0 && minus_infinities_ != 0)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    if (plus_infinities_ != 0) return infinity;
    if (minus_infinities_ != 0) return -infinity;
    ExactAccumulator value = *this;
    value.normalise();
    const bool negative = value.limbs_[words - 1] < 0;
    if (negative) {
      for (std::int64_t& limb : value.limbs_) limb = -limb;
      value.normalise();
    }
    int leading = 32 * words - 1;
    while (leading >= 0 && !value.bit(leading)) --leading;
    if (leading < 0) return is_negative_zero() ? -0.0 : 0.0;
    const double magnitude = value.round_from(leading);
    return negative ? -magnitude : magnitude;
  }

  // The state as bytes, for files and messages between unlike machines: the same for the same sum, in whatever order
  // and parts its terms came. Little-endian 64-bit words: kind, limbs, counters, flags of zero.
  static constexpr std::size_t saved_words = words + 5;
  using Saved = std::array<std::byte, 8 * saved_words>;
  Saved save() const {
    ExactAccumulator value = *this;
    value.normalise();
    Saved bytes{};
    std::size_t at = 0;
    const auto put = [&](std::uint64_t word) {
      for (int i = 0; i < 8; ++i) bytes[at++] = static_cast<std::byte>(word >> (8 * i));
    };
    put(saved_kind);
    for (const std::int64_t limb : value.limbs_) put(static_cast<std::uint64_t>(limb));
    for (const std::uint64_t count : {nans_, plus_infinities_, minus_infinities_}) put(count);
    put(has_other_term_ != 0 ? 2 : has_negative_zero_);  // beside other terms a -0.0 may or may not have been noticed
    return bytes;
  }
  // Replaces the state by a saved one. Throws std::invalid_argument, and changes nothing, for bytes that save() never
  // made.
  void load(std::span<const std::byte> bytes) {
    std::array<std::uint64_t, saved_words> word{};
    bool good = bytes.size() == 8 * saved_words;
    for (std::size_t i = 0; good && i < bytes.size(); ++i) {
      word[i / 8] |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * (i % 8));
    }
    good = good && word[0] == saved_kind && word[saved_words - 1] < 4;
    for (int i = 1; good && i < words; ++i) good = word[static_cast<std::size_t>(i)] >> 32 == 0;
    if (!good) throw std::invalid_argument("these bytes are no saved exact sum of this kind");
    *this = {};
    for (std::size_t i = 0; i < words; ++i) limbs_[i] = static_cast<std::int64_t>(word[i + 1]);
    pending_ = 1;
    nans_ = word[words + 1];
    plus_infinities_ = word[words + 2];
    minus_infinities_ = word[words + 3];
    has_negative_zero_ = word[words + 4] & 1;
    has_other_term_ = word[words + 4] >> 1 & 1;
  }

  // For the kernels that build on this class.

  // Adds magnitude * 2^(offset + lowest), or subtracts it. The term is not -0.0.
  void add_scaled(UInt128 magnitude, int offset, bool negative) {
    if (pending_ >= most_pending) normalise();
    pending_ += 2;  // a limb takes at most two parts below 2^32
    has_other_term_ = 1;
    add_half(static_cast<std::uint64_t>(magnitude), offset, negative);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    if (high != 0) add_half(high, offset + 64, negative);
  }
  void add_scaled(Int128 value, int offset) {
    const bool negative = value < 0;
    add_scaled(negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value), offset, negative);
  }
  void add_not_finite(double value) {
    has_other_term_ = 1;
    if (value != value) {
      ++nans_;
    } else {
      ++(value > 0 ? plus_infinities_ : minus_infinities_);
    }
  }
  void add_zero(bool negative) { (negative ? has_negative_zero_ : has_other_term_) = 1; }
  bool has_other_term() const { return has_other_term_ != 0; }

 private:
  // Version 1 of the bytes, and which accumulator.
  static constexpr std::uint64_t saved_kind =
      std::uint64_t{1} << 48 | std::uint64_t{words} << 32 | std::uint64_t{std::uint32_t(-lowest)};
  static constexpr std::int64_t most_pending = std::int64_t{1} << 29;

  void add_half(std::uint64_t magnitude, int offset, bool negative) {
    const UInt128 shifted = static_cast<UInt128>(magnitude) << (offset & 31);
    std::int64_t* limb = &limbs_[static_cast<std::size_t>(offset >> 5)];
    const auto low = static_cast<std::int64_t>(shifted & 0xffffffff);
    const auto middle = static_cast<std::int64_t>(shifted >> 32 & 0xffffffff);
    const auto high = static_cast<std::int64_t>(shifted >> 64);
    limb[0] += negative ? -low : low;
    limb[1] += negative ? -middle : middle;
    limb[2] += negative ? -high : high;
  }

  bool bit(int position) const { return (limbs_[position >> 5] >> (position & 31) & 1) != 0; }

  // For a normalised positive value whose highest bit is at `leading`.
  double round_from(int leading) const {
    if (leading + lowest >= 1024) return std::numeric_limits<double>::infinity();
    int last = leading - 52;  // the last bit kept: 53 of them, but none below 2^-1074
    if (last < -1074 - lowest) last = -1074 - lowest;
    std::uint64_t kept = 0;
    for (int position = leading; position >= last; --position) kept = kept << 1 | (position >= 0 && bit(position));
    if (last > 0 && bit(last - 1)) {
      bool below = false;
      for (int position = last - 2; position >= 0 && !below; --position) below = bit(position);
      if (below || (kept & 1) != 0) ++kept;
    }
    return std::ldexp(static_cast<double>(kept), last + lowest);
  }

  Limbs limbs_{};
  std::int64_t pending_ = 0;  // |limb| <= pending_ * 2^32, but for the last, which never comes near 2^31
  std::uint64_t nans_ = 0;
  std::uint64_t plus_infinities_ = 0;
  std::uint64_t minus_infinities_ = 0;
  std::uint32_t has_negative_zero_ = 0;
  std::uint32_t has_other_term_ = 0;  // a term that is not -0.0
};

}  // namespace concdemo
