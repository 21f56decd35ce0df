#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/exact_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exact_sum.hpp"
#include "kernels/exponent_bins-inl.hpp"
#include "kernels/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

template <class T>
struct SumSource {
  using Sum = ExactSum;
  using Bins = SumBins;
  static constexpr bool has_error = false;
  static constexpr std::size_t unroll = 4;
  static constexpr std::size_t block = 4096;
  static constexpr double least_exact = 0;

  Vector primary(std::size_t i) const { return load_values(x + i); }
  Vector error(std::size_t, Vector) const { return hn::Zero(Tag()); }
  hn::Mask<Tag> is_zero(std::size_t i) const { return hn::Eq(primary(i), hn::Zero(Tag())); }
  void prefetch(std::size_t i) const { prefetch_group<6144>(x, i, unroll); }
  void add_reference(ExactSum& sum, std::size_t i) const { sum.add(x[i]); }
  void add_to_bins(SumBins& bins, ExactSum& sum, std::size_t begin, std::size_t count) const {
    fill_bins(bins, sum, x + begin, count);
  }

  const T* x;
};

void add_doubles(ExactSum& sum, const double* x, std::size_t begin, std::size_t end) {
  ExactLevels<SumSource<double>>({x}, sum).add(begin, end);
}
void add_floats(ExactSum& sum, const float* x, std::size_t begin, std::size_t end) {
  ExactLevels<SumSource<float>>({x}, sum).add(begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(add_doubles);
HWY_EXPORT(add_floats);

template <class T, class AddTerms>
void add_all(ExactSum& sum, std::span<const T> x, AddTerms add_terms) {
  constexpr std::size_t few = 256;
  if (x.size() < few || simd_is_scalar()) {
    for (const double value : x) sum.add(value);
    return;
  }
  // The vector path sees no sign of zero: settle first whether there is anything else.
  for (std::size_t i = 0; i < x.size() && !sum.has_other_term(); ++i) sum.add_zero(x[i] == 0 && std::signbit(x[i]));
  std::size_t begin = 0;
  const auto off_line = [&] { return reinterpret_cast<std::uintptr_t>(x.data() + begin) % 64 != 0; };
  for (; begin < 64 / sizeof(T) && off_line(); ++begin) sum.add(double{x[begin]});
  add_terms(sum, x.data(), begin, x.size());
}

}  // namespace

void ExactSum::add(std::span<const double> x) { add_all(*this, x, HWY_DYNAMIC_DISPATCH(add_doubles)); }
void ExactSum::add(std::span<const float> x) { add_all(*this, x, HWY_DYNAMIC_DISPATCH(add_floats)); }

}  // namespace concdemo
#endif
