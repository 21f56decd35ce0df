// The vector path of exact sums; included once for each SIMD target, by kernels that define a Source of terms.
#if defined(CONCDEMO_KERNELS_EXACT_LEVELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONCDEMO_KERNELS_EXACT_LEVELS_INL_HPP
#undef CONCDEMO_KERNELS_EXACT_LEVELS_INL_HPP
#else
#define CONCDEMO_KERNELS_EXACT_LEVELS_INL_HPP
#endif

#include "kernels/exact_accumulator.hpp"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>

// Of a lambda in a kernel. Without it arrays that it indexes live in memory, not in registers.
#undef CONCDEMO_INLINE
#define CONCDEMO_INLINE HWY_ATTR __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;

// A float32 is a double too.
HWY_INLINE Vector load_values(const double* x) { return hn::LoadU(Tag(), x); }
HWY_INLINE Vector load_values(const float* x) { return hn::PromoteTo(Tag(), hn::LoadU(hn::Rebind<float, Tag>(), x)); }

// For the terms that are due `bytes` later, the farther the less a term costs.
template <std::size_t bytes, class T>
HWY_INLINE void prefetch_group(const T* x, std::size_t begin, std::size_t unroll) {
  const T* ahead = x + begin + bytes / sizeof(T);
  for (std::size_t i = 0; i < unroll * hn::Lanes(Tag()); i += 64 / sizeof(T)) hwy::Prefetch(ahead + i);
}

// f(0), ..., f(count - 1), each argument a constant.
template <int count, class Function>
HWY_INLINE void repeat(Function f) {
  if constexpr (count > 1) repeat<count - 1>(f);
  if constexpr (count > 0) f(std::integral_constant<int, count - 1>());
}

// How it works. A lane's running sum s starts at an anchor 1.5 * 2^E and stays in [2^E, 2^(E+1)), where doubles are
// multiples of ulp = 2^(E-52). Adding x to it adds x rounded to a multiple of ulp, exactly; the rest of x, at most
// ulp / 2 and exact too, goes to the next level, whose anchor is lower. If every rest is zero after the last level,
// nothing was lost, and bits(s) - bits(anchor) is the lane's sum as an integer number of ulps.
//
// A Source gives the terms: primary(i) and, if has_error, an exact error term far below it, which enters one level
// lower. It works in blocks: anchors are a guess from an earlier block; a block that they do not fit is surveyed and
// done again, with more levels if need be, and in ExponentBins if no number of levels will do.
template <class Source>
class ExactLevels {
 public:
  ExactLevels(Source source, typename Source::Sum& sum) : source_(source), sum_(sum) {}

  // Adds terms [begin, end).
  void add(std::size_t begin, std::size_t end) {
    const std::size_t group = Source::unroll * hn::Lanes(Tag());
    std::size_t at = begin;
    while (end - at >= group) {
      const std::size_t count = std::min(Source::block, end - at) / group * group;
      add_block(at, count);
      at += count;
    }
    flush();
    if (bins_ != nullptr) bins_->flush(sum_);
    add_each(at, end);
  }

 private:
  // How many levels primary terms pass, cheapest first. Joined: what the first level leaves and the error term go on as
  // one, the larger part first.
  enum Mode { none, near, joined, far, wide };
  static constexpr int primary_levels_of(Mode mode) { return mode == wide ? 6 : mode == far ? 3 : 2; }
  static constexpr int levels_of(Mode mode) { return primary_levels_of(mode) + Source::has_error; }
  // Each of a lane's integers grows by less than unroll * 2^51 a block.
  static constexpr int flush_interval = 512;
  static constexpr int longest_pause = 255;

  // Terms of a lane's running sum in one block: 2^budget_bits.
  static int budget_bits() { return std::countr_zero(Source::block / (Source::unroll * hn::Lanes(Tag()))); }

  void add_block(std::size_t begin, std::size_t count) {
    if (pause_left_ > 0) {
      --pause_left_;
      return add_to_bins(begin, count);
    }
    if (mode_ != none && attempt(begin, count)) {
      if (++blocks_ == flush_interval) flush();
      return;
    }
    flush();
    if (re_anchor(begin, count)) {
      blocks_ = 1;
      pause_ = 0;
      return;
    }
    mode_ = none;
    pause_ = std::min(2 * pause_ + 1, longest_pause);  // data like this need not be surveyed every time
    pause_left_ = pause_;
    add_to_bins(begin, count);
  }

  // Chooses levels and anchors by the block's own extremes and does the block, if it can be done.
  bool re_anchor(std::size_t begin, std::size_t count) {
    const Tag d;
    Vector largest = hn::Zero(d);
    Vector smallest = hn::Set(d, std::numeric_limits<double>::max());  // of what is not zero
    bool zeros = false;
    for (std::size_t i = begin; i < begin + count; i += hn::Lanes(d)) {
      const Vector size = hn::Abs(source_.primary(i));
      const auto is_zero = source_.is_zero(i);
      largest = hn::Max(largest, size);
      smallest = hn::Min(smallest, hn::IfThenElse(is_zero, smallest, size));
      zeros |= Source::has_error && !hn::AllFalse(d, is_zero);
    }
    const double top = hn::GetLane(hn::MaxOfLanes(d, largest));
    const double bottom = hn::GetLane(hn::MinOfLanes(d, smallest));
    if (!(top <= 1e300) || (Source::has_error && bottom < Source::least_exact)) return false;
    skip_zeros_ = zeros;
    for (const Mode mode : {near, joined, far, wide}) {
      if (mode == joined && !Source::has_error) continue;
      mode_ = mode;
      set_anchors(top);
      const int last = (mode == joined ? levels_of(mode) : primary_levels_of(mode)) - 1;
      if (bottom < std::ldexp(1.0, exponents_[last] - 52)) continue;  // some term has bits below the last level
      if (attempt(begin, count)) return true;
    }
    return false;
  }

  void set_anchors(double largest) {
    constexpr int headroom = 2;  // binades, so that a slightly larger block still fits
    const int budget = budget_bits();
    const int spacing = 51 - budget - Source::has_error;  // with an error term a level takes two rests a term
    const int last = levels_of(mode_) - 1;
    const int exponent = (largest > 0 ? std::ilogb(largest) : -1074) + 1 + headroom + 2 + budget;
    // No ulp below the least subnormal, no anchor beyond the range.
    const int first = std::min(std::max(exponent, -1022 + last * spacing), 1023);
    limit_ = std::ldexp(1.0, first - 2 - budget);
    for (int level = 0; level <= last; ++level) {
      exponents_[level] = first - level * spacing;
      anchors_[level] = std::ldexp(1.5, exponents_[level]);
    }
  }

  bool attempt(std::size_t begin, std::size_t count) {
    if (mode_ == near) return skip_zeros_ ? run<near, true>(begin, count) : run<near, false>(begin, count);
    if (mode_ == joined) return skip_zeros_ ? run<joined, true>(begin, count) : run<joined, false>(begin, count);
    if (mode_ == far) return run<far, true>(begin, count);
    return mode_ == wide && run<wide, true>(begin, count);
  }

  // Adds a block to totals_ and returns true, or changes nothing and returns false.
  template <Mode mode, bool skip_zeros>
  HWY_NOINLINE bool run(std::size_t begin, std::size_t count) {
    constexpr int primary_levels = primary_levels_of(mode);
    constexpr int levels = levels_of(mode);
    const Tag d;
    constexpr int unroll = static_cast<int>(Source::unroll);
    const std::size_t lanes = hn::Lanes(d);
    // Error terms have running sums of their own (e): if a primary sum took the joined rests as well, it would wait for
    // its own rest in every group.
    Vector s[levels][unroll], e[levels][unroll], largest[unroll], smallest[unroll], rest[unroll];
    repeat<unroll>([&](auto u) CONCDEMO_INLINE {
      repeat<levels>([&](auto level) CONCDEMO_INLINE { s[level][u] = e[level][u] = hn::Set(d, anchors_[level]); });
      largest[u] = rest[u] = hn::Zero(d);
      smallest[u] = hn::Set(d, 1);
    });
    const Source source = source_;
    const Vector one = hn::Set(d, one_);
    for (std::size_t i = begin; i < begin + count; i += unroll * lanes) {
      source.prefetch(i);
      // Stage by stage, not term by term: 1.15-1.35 times as fast, for the CPU's window holds no one long chain.
      Vector x[unroll], error[unroll];
      repeat<unroll>([&](auto u) CONCDEMO_INLINE {
        const std::size_t at = i + static_cast<std::size_t>(u) * lanes;
        x[u] = source.primary(at);
        const Vector size = hn::Abs(x[u]);
        largest[u] = hn::Max(largest[u], size);
        if constexpr (Source::has_error) {
          error[u] = source.error(at, x[u]);
          const Vector counted = skip_zeros ? hn::IfThenElse(source.is_zero(at), hn::Set(d, 1), size) : size;
          smallest[u] = hn::Min(smallest[u], counted);
        }
      });
      repeat<mode == joined ? 1 : primary_levels>([&](auto level) CONCDEMO_INLINE {
        repeat<unroll>([&](auto u) CONCDEMO_INLINE { x[u] = absorb(s[level][u], x[u], one); });
      });
      if constexpr (Source::has_error) {
        repeat<levels - 1>([&](auto above) CONCDEMO_INLINE {
          repeat<unroll>([&](auto u) CONCDEMO_INLINE {
            if constexpr (mode == joined) join(x[u], error[u], one);
            Vector& term = mode == joined ? x[u] : error[u];
            term = absorb(e[above + 1][u], term, one);
          });
        });
        repeat<unroll>([&](auto u) CONCDEMO_INLINE { x[u] = hn::Or(x[u], error[u]); });
      }
      repeat<unroll>([&](auto u) CONCDEMO_INLINE { rest[u] = hn::Or(rest[u], x[u]); });
    }
    repeat<unroll - 1>([&](auto u) CONCDEMO_INLINE {
      largest[0] = hn::Max(largest[0], largest[u + 1]);
      smallest[0] = hn::Min(smallest[0], smallest[u + 1]);
      rest[0] = hn::Or(rest[0], rest[u + 1]);
    });
    // A NaN or an infinity leaves a NaN as its rest, whatever Max and Min make of it.
    const auto fits = hn::And(hn::Eq(rest[0], hn::Zero(d)), hn::Le(largest[0], hn::Set(d, limit_)));
    if (!hn::AllTrue(d, fits)) return false;
    if (Source::has_error && !hn::AllTrue(d, hn::Ge(smallest[0], hn::Set(d, Source::least_exact)))) return false;

    const hn::RebindToSigned<Tag> di;
    repeat<levels>([&](auto level) CONCDEMO_INLINE {
      const auto anchor = hn::Set(di, std::bit_cast<std::int64_t>(anchors_[level]));
      auto total = hn::Load(di, totals_[level]);
      repeat<unroll>([&](auto u) CONCDEMO_INLINE {
        if (level < primary_levels) total = hn::Add(total, hn::Sub(hn::BitCast(di, s[level][u]), anchor));
        if (Source::has_error && level > 0) total = hn::Add(total, hn::Sub(hn::BitCast(di, e[level][u]), anchor));
      });
      hn::Store(total, di, totals_[level]);
    });
    return true;
  }

  // s takes what it can of x; returns the rest, x - taken. As an FMA (by a one that the compiler does not see) the last
  // subtraction runs on units that are idle otherwise: 1.2-1.3 times as fast where adders and multipliers are apart.
  static HWY_INLINE Vector absorb(Vector& s, Vector x, Vector one) {
    const Vector sum = hn::Add(s, x);
    const Vector taken = hn::Sub(sum, s);
    s = sum;
    return hn::NegMulAdd(taken, one, x);
  }

  // high + low stays what it is; high becomes its nearest double. Exact, for high is zero or larger than low.
  static HWY_INLINE void join(Vector& high, Vector& low, Vector one) {
    const Vector both = hn::Add(high, low);
    low = hn::NegMulAdd(hn::Sub(both, high), one, low);
    high = both;
  }

  void add_each(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) source_.add_reference(sum_, i);
  }

  void add_to_bins(std::size_t begin, std::size_t count) {
    constexpr std::size_t few = 1024;  // terms that cost less one by one than the bins' first touch
    if (bins_ == nullptr && count < few) return add_each(begin, begin + count);
    if (bins_ == nullptr) bins_ = std::make_unique<typename Source::Bins>();
    source_.add_to_bins(*bins_, sum_, begin, count);
  }

  // Moves the totals into the sum. Dearer modes than the usual one are then chosen anew.
  void flush() {
    for (int level = 0; level < levels_of(wide); ++level) {
      Int128 total = 0;
      for (std::size_t lane = 0; lane < hn::Lanes(Tag()); ++lane) {
        total += totals_[level][lane];
        totals_[level][lane] = 0;
      }
      if (total != 0) sum_.add_scaled(total, exponents_[level] - 52 - Source::Sum::lowest_exponent);
    }
    blocks_ = 0;
    if (mode_ != near || skip_zeros_) mode_ = none;
  }

  HWY_ALIGN std::int64_t totals_[levels_of(wide)][hn::MaxLanes(Tag())] = {};  // in ulps of the level
  Source source_;
  typename Source::Sum& sum_;
  std::unique_ptr<typename Source::Bins> bins_;  // if any block needed them
  double anchors_[levels_of(wide)] = {};
  int exponents_[levels_of(wide)] = {};
  double limit_ = 0;  // of |primary term|
  double one_ = 1;
  Mode mode_ = none;  // none: no anchors yet
  bool skip_zeros_ = false;
  int blocks_ = 0;  // in totals_
  int pause_ = 0;   // blocks that go straight to the bins after a failure
  int pause_left_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#endif
