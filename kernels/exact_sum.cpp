// clang-format off
#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/exact_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "kernels/exact_levels-inl.hpp"
// clang-format on
#include "kernels/exact_sum.hpp"
#include "kernels/exponent_bins.hpp"
#include "kernels/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

struct SumSource {
  using Sum = ExactSum;
  using Bins = SumBins;
  static constexpr bool has_error = false;
  static constexpr std::size_t unroll = 4;
  static constexpr std::size_t block = 4096;
  static constexpr double least_exact = 0;

  Vector primary(std::size_t i) const { return hn::LoadU(Tag(), x + i); }
  Vector error(std::size_t, Vector) const { return hn::Zero(Tag()); }
  hn::Mask<Tag> is_zero(std::size_t i) const { return hn::Eq(primary(i), hn::Zero(Tag())); }
  void prefetch(std::size_t i) const { prefetch_group(x, i, unroll); }
  void add_reference(ExactSum& sum, std::size_t i) const { sum.add(x[i]); }
  void add_to_bins(SumBins& bins, ExactSum& sum, std::size_t i) const {
    const auto [significand, exponent, negative, finite] = parts_of(std::bit_cast<std::uint64_t>(x[i]));
    if (!finite) return sum.add_not_finite(x[i]);
    bins.add(static_cast<std::int64_t>(significand), exponent, negative);
  }

  const double* x;
};

void add_terms(ExactSum& sum, const double* x, std::size_t begin, std::size_t end) {
  ExactLevels<SumSource>({x}, sum).add(begin, end);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(add_terms);
}

void ExactSum::add(std::span<const double> x) {
  constexpr std::size_t few = 256;
  std::size_t begin = 0;
  if (x.size() < few || simd_is_scalar()) {
    for (const double value : x) add(value);
    return;
  }
  // The vector path sees no sign of zero: settle first whether there is anything else.
  for (std::size_t i = 0; i < x.size() && !has_other_term(); ++i) add_zero(x[i] == 0 && std::signbit(x[i]));
  for (; begin < 8 && reinterpret_cast<std::uintptr_t>(x.data() + begin) % 64 != 0; ++begin) add(x[begin]);
  HWY_DYNAMIC_DISPATCH(add_terms)(*this, x.data(), begin, x.size());
}

}  // namespace concdemo
#endif
