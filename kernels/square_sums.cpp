#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/square_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exponent_bins-inl.hpp"
#include "kernels/simd.hpp"
#include "kernels/square_sums.hpp"

#ifndef CONCDEMO_KERNELS_SQUARE_SUMS_ONCE
#define CONCDEMO_KERNELS_SQUARE_SUMS_ONCE
namespace concdemo {
// Where a pass adds to; sum and extremes both or neither.
struct SquareSums {
  ExactProductSum& squares;
  ExactSum* sum = nullptr;
  Extremes* extremes = nullptr;
};
}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

// How it works. Running sums that start at anchors, as in ExactLevels, cut x into pieces x = x0 + x1 + x2. Piece k
// is a multiple of ulp[k], at most 2^22 times it; ulp[k + 1] = ulp[k] * 2^-23. A product of two has 44 bits at most,
// so that a plain FMA adds 2^9 of them without rounding: x^2 = x0^2 + 2 x0 x1 + ... costs one operation a pair, and the
// running sums hold the sum of x for nothing. A block that three pieces do not fit is done with four; failing that, in
// ExponentBins.
//
// No x need be compared with a limit: the sum of x0^2 in ulp[0]^2 only grows, so while it is below 2^53 it is exact; by
// Cauchy and Schwarz the 2^9 |x0| then add up to 2^31 at most, and times any piece of 2^22 to 2^53.
template <class T, bool moments>  // moments: the sum and the extremes too
class Pieces {
 public:
  Pieces(const SquareSums& sums, const T* x) : sums_(sums), x_(x) {}

  // Adds elements [begin, end) but for less than a group; returns where it stopped.
  std::size_t add(std::size_t begin, std::size_t end) {
    constexpr std::size_t most_to_bins = 1 << 20;
    std::size_t to_bins = block();  // after a failure: data like this need not be surveyed every time
    std::size_t at = begin;
    while (end - at >= group()) {
      const auto whole_groups = [&](std::size_t count) { return std::min(count, end - at) / group() * group(); };
      std::size_t count = whole_groups(block());
      if (add_block(at, count)) {
        to_bins = block();
      } else {
        count = whole_groups(to_bins);
        add_to_bins(at, count);
        to_bins = std::min(2 * to_bins, most_to_bins);
      }
      at += count;
    }
    flush();
    if (bins_ != nullptr) {
      bins_->squares.flush(sums_.squares);
      if (moments) bins_->sum.flush(*sums_.sum);
    }
    return at;
  }

 private:
  static constexpr int piece_bits = 23;
  static constexpr int most_pieces = 4;
  static constexpr int most_pairs = most_pieces * (most_pieces + 1) / 2;
  // As far as the registers go, 32 or 16: a running sum in memory costs more than it gains. Nine in registers and three
  // of the moments in memory are faster in pairs.
  static constexpr int unroll = HWY_MAX_BYTES >= 64 ? 4 : moments || HWY_MAX_BYTES < 32 ? 2 : 1;
  static constexpr int flush_interval = 512;  // blocks: each adds at most 2^53 to a lane's integer
  static constexpr int pair(int a, int b) { return b * (b + 1) / 2 + a; }  // a <= b

  static std::size_t group() { return unroll * hn::Lanes(Tag()); }
  static std::size_t block() { return 512 * hn::Lanes(Tag()); }  // at most 2^9 products a lane

  bool add_block(std::size_t begin, std::size_t count) {
    if (attempt(begin, count)) {
      if (++blocks_ == flush_interval) flush();
      return true;
    }
    flush();
    if (!re_anchor(begin, count)) return false;
    blocks_ = 1;
    return true;
  }

  // Chooses anchors by the block's largest element and does the block, if it can be done.
  bool re_anchor(std::size_t begin, std::size_t count) {
    const Tag d;
    Vector largest = hn::Zero(d);
    for (std::size_t i = begin; i < begin + count; i += hn::Lanes(d)) {
      largest = hn::Max(largest, hn::Abs(load_values(x_ + i)));
    }
    const double top = hn::GetLane(hn::MaxOfLanes(d, largest));
    // So that no product of pieces nears the ends of the range.
    constexpr int highest = 480, lowest = -400;
    if (!(top < std::ldexp(1.0, highest - 2))) return false;
    constexpr int headroom = 1;  // binades, so that a slightly larger block still fits
    const int exponent = std::max(top > 0 ? std::ilogb(top) + 1 + headroom : lowest, lowest);
    for (int k = 0; k < most_pieces; ++k) {
      ulp_exponents_[k] = exponent - (piece_bits - 1) - k * piece_bits;
      anchors_[k] = std::ldexp(1.5, ulp_exponents_[k] + 52);
      for (int a = 0; a <= k; ++a) scales_[pair(a, k)] = std::ldexp(1.0, -ulp_exponents_[a] - ulp_exponents_[k]);
    }
    for (pieces_ = 3; pieces_ <= most_pieces; ++pieces_) {
      if (attempt(begin, count)) return true;
    }
    pieces_ = 0;
    return false;
  }

  bool attempt(std::size_t begin, std::size_t count) {
    return pieces_ == 3 ? run<3>(begin, count) : pieces_ == 4 ? run<4>(begin, count) : false;
  }

  // Adds a block to the totals and returns true, or changes nothing and returns false.
  template <int pieces>
  HWY_NOINLINE bool run(std::size_t begin, std::size_t count) {
    constexpr int pairs = pieces * (pieces + 1) / 2;
    const Tag d;
    const std::size_t lanes = hn::Lanes(d);
    const T* const in = x_;
    const Vector one = hn::Set(d, one_);
    Vector s[pieces], products[pairs];
    repeat<pieces>([&](auto k) CONCDEMO_INLINE { s[k] = hn::Set(d, anchors_[k]); });
    repeat<pairs>([&](auto p) CONCDEMO_INLINE { products[p] = hn::Zero(d); });
    Vector low = load_values(in + begin), high = low, rest = hn::Zero(d);
    for (std::size_t i = begin; i < begin + count; i += unroll * lanes) {
      prefetch_group<3072>(in, i, unroll);
      Vector x[unroll], piece[pieces][unroll];
      repeat<unroll>([&](auto u) CONCDEMO_INLINE {
        x[u] = load_values(in + i + static_cast<std::size_t>(u) * lanes);
        if constexpr (moments) {
          low = hn::Min(low, x[u]);
          high = hn::Max(high, x[u]);
        }
      });
      repeat<pieces>([&](auto k) CONCDEMO_INLINE {
        repeat<unroll>([&](auto u) CONCDEMO_INLINE {
          const Vector sum = hn::Add(s[k], x[u]);
          piece[k][u] = hn::Sub(sum, s[k]);
          if constexpr (moments) s[k] = sum;
          // As an FMA where adders are busier than multipliers, see ExactLevels::absorb.
          x[u] = moments || k > 0 ? hn::NegMulAdd(piece[k][u], one, x[u]) : hn::Sub(x[u], piece[k][u]);
        });
      });
      repeat<unroll>([&](auto u) CONCDEMO_INLINE {
        rest = hn::Or(rest, x[u]);
        repeat<pieces>([&](auto b) CONCDEMO_INLINE {
          repeat<b + 1>([&](auto a) CONCDEMO_INLINE {
            products[pair(a, b)] = hn::MulAdd(piece[a][u], piece[b][u], products[pair(a, b)]);
          });
        });
      });
    }
    // A NaN or an infinity leaves a NaN as its rest.
    const auto exact = hn::Lt(hn::Mul(products[0], hn::Set(d, scales_[0])), hn::Set(d, 0x1p53));
    const auto fits = hn::And(hn::Eq(rest, hn::Zero(d)), exact);
    if (!hn::AllTrue(d, fits)) return false;

    const hn::RebindToSigned<Tag> di;
    repeat<pieces>([&](auto k) CONCDEMO_INLINE {
      const auto units = hn::Sub(hn::BitCast(di, s[k]), hn::Set(di, std::bit_cast<std::int64_t>(anchors_[k])));
      hn::Store(hn::Add(hn::Load(di, sum_totals_[k]), units), di, sum_totals_[k]);
    });
    repeat<pieces>([&](auto b) CONCDEMO_INLINE {
      repeat<b + 1>([&](auto a) CONCDEMO_INLINE {
        const auto units = hn::ConvertTo(di, hn::Mul(products[pair(a, b)], hn::Set(d, scales_[pair(a, b)])));
        std::int64_t* const total = product_totals_[pair(a, b)];
        hn::Store(hn::Add(hn::Load(di, total), units), di, total);
      });
    });
    if constexpr (moments) {
      const double least = hn::GetLane(hn::MinOfLanes(d, low)), most = hn::GetLane(hn::MaxOfLanes(d, high));
      // Min and Max see no sign of zero.
      if (least == 0 || most == 0) {
        sums_.extremes->add(std::span(x_ + begin, count));
      } else {
        sums_.extremes->add_keys(Extremes::key_of(least), Extremes::key_of(most));
      }
    }
    return true;
  }

  void add_to_bins(std::size_t begin, std::size_t count) {
    if constexpr (moments) sums_.extremes->add(std::span(x_ + begin, count));
    if (bins_ == nullptr) bins_ = std::make_unique<Bins>();
    fill_bins<moments>(bins_->squares, bins_->sum, sums_.squares, sums_.sum, x_ + begin, count);
  }

  // Moves the totals into the sums. Four pieces are then given up for three, if those will do.
  void flush() {
    const auto take = [](std::int64_t* lanes_total) {
      Int128 total = 0;
      for (std::size_t lane = 0; lane < hn::Lanes(Tag()); ++lane) {
        total += lanes_total[lane];
        lanes_total[lane] = 0;
      }
      return total;
    };
    for (int b = 0; b < most_pieces; ++b) {
      const Int128 total = take(sum_totals_[b]);
      if (total != 0) sums_.sum->add_scaled(total, ulp_exponents_[b] - ExactSum::lowest_exponent);
      for (int a = 0; a <= b; ++a) {
        const Int128 products = take(product_totals_[pair(a, b)]) * (a < b ? 2 : 1);
        const int offset = ulp_exponents_[a] + ulp_exponents_[b] - ExactProductSum::lowest_exponent;
        if (products != 0) sums_.squares.add_scaled(products, offset);
      }
    }
    blocks_ = 0;
    if (pieces_ == most_pieces) pieces_ = 3;
  }

  HWY_ALIGN std::int64_t sum_totals_[most_pieces][hn::MaxLanes(Tag())] = {};  // in ulps of the piece
  HWY_ALIGN std::int64_t product_totals_[most_pairs][hn::MaxLanes(Tag())] = {};
  SquareSums sums_;
  const T* x_;
  struct Bins {
    SquareBins squares;
    SumBins sum;
  };
  std::unique_ptr<Bins> bins_;  // if any block needed them
  double anchors_[most_pieces] = {};
  double scales_[most_pairs] = {};  // from products to ulp[a] * ulp[b]
  int ulp_exponents_[most_pieces] = {};
  double one_ = 1;  // that the compiler does not see
  int pieces_ = 0;  // 0: no anchors yet
  int blocks_ = 0;  // in the totals
};

std::size_t add_moments(const SquareSums& sums, const double* x, std::size_t begin, std::size_t end) {
  return Pieces<double, true>(sums, x).add(begin, end);
}
std::size_t add_doubles(const SquareSums& sums, const double* x, std::size_t begin, std::size_t end) {
  return Pieces<double, false>(sums, x).add(begin, end);
}
std::size_t add_floats(const SquareSums& sums, const float* x, std::size_t begin, std::size_t end) {
  return Pieces<float, false>(sums, x).add(begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(add_moments);
HWY_EXPORT(add_doubles);
HWY_EXPORT(add_floats);

template <class T>
void add_reference(const SquareSums& sums, std::span<const T> x) {
  for (const double value : x) {
    sums.squares.add(value, value);
    if (sums.sum != nullptr) sums.sum->add(value);
    if (sums.extremes != nullptr) sums.extremes->add_keys(Extremes::key_of(value), Extremes::key_of(value));
  }
}

template <class T, class AddTerms>
void add_all(const SquareSums& sums, std::span<const T> x, AddTerms add_terms) {
  constexpr std::size_t few = 256;
  if (x.size() < few || simd_is_scalar()) return add_reference(sums, x);
  // The vector path sees no sign of zero: settle first whether there is anything else.
  sums.squares.add_zero(false);
  for (std::size_t i = 0; sums.sum != nullptr && i < x.size() && !sums.sum->has_other_term(); ++i) {
    sums.sum->add_zero(x[i] == 0 && std::signbit(x[i]));
  }
  std::size_t begin = 0;
  while (begin < 64 / sizeof(T) && reinterpret_cast<std::uintptr_t>(x.data() + begin) % 64 != 0) ++begin;
  add_reference(sums, x.first(begin));
  add_reference(sums, x.subspan(add_terms(sums, x.data(), begin, x.size())));
}

}  // namespace

void add_squares(ExactProductSum& squares, std::span<const double> x) {
  add_all({squares}, x, HWY_DYNAMIC_DISPATCH(add_doubles));
}
void add_squares(ExactProductSum& squares, std::span<const float> x) {
  add_all({squares}, x, HWY_DYNAMIC_DISPATCH(add_floats));
}
void add_moments(ExactSum& sum, ExactProductSum& squares, Extremes& extremes, std::span<const double> x) {
  add_all({squares, &sum, &extremes}, x, HWY_DYNAMIC_DISPATCH(add_moments));
}

}  // namespace concdemo
#endif
