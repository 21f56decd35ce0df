#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/exact_product_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/exact_product_sum.hpp"
#include "kernels/exponent_bins-inl.hpp"
#include "kernels/simd.hpp"
#include "kernels/square_sums.hpp"

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {

// x * y = p + e exactly, with p the rounded product and e = fma(x, y, -p), unless e can fall below the subnormals.
template <class T>
struct ProductSource {
  using Sum = ExactProductSum;
  using Bins = ProductBins;
  static constexpr bool has_error = true;
  static constexpr std::size_t unroll = 2;
  static constexpr std::size_t block = 4096;
  static constexpr double least_exact = 0x1p-960;  // of |p|: the last bit of x * y is then above 2^-1074

  Vector left(std::size_t i) const { return load_values(x + i); }
  Vector right(std::size_t i) const { return load_values(y + i); }
  Vector primary(std::size_t i) const { return hn::Mul(left(i), right(i)); }
  Vector error(std::size_t i, Vector product) const { return hn::MulSub(left(i), right(i), product); }
  hn::Mask<Tag> is_zero(std::size_t i) const {
    const Vector zero = hn::Zero(Tag());
    return hn::Or(hn::Eq(left(i), zero), hn::Eq(right(i), zero));
  }
  void prefetch(std::size_t i) const {
    prefetch_group<3072>(x, i, unroll);
    if (x != y) prefetch_group<3072>(y, i, unroll);
  }
  void add_reference(ExactProductSum& sum, std::size_t i) const { sum.add(x[i], y[i]); }
  void add_to_bins(ProductBins& bins, ExactProductSum& sum, std::size_t begin, std::size_t count) const {
    fill_bins(bins, sum, x + begin, y + begin, count);
  }

  const T* x;
  const T* y;
};

void add_doubles(ExactProductSum& sum, const double* x, const double* y, std::size_t begin, std::size_t end) {
  ExactLevels<ProductSource<double>>({x, y}, sum).add(begin, end);
}
void add_floats(ExactProductSum& sum, const float* x, const float* y, std::size_t begin, std::size_t end) {
  ExactLevels<ProductSource<float>>({x, y}, sum).add(begin, end);
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
void add_all(ExactProductSum& sum, std::span<const T> x, std::span<const T> y, AddTerms add_terms) {
  constexpr std::size_t few = 256;
  const std::size_t n = x.size();
  if (n < few || simd_is_scalar()) {
    for (std::size_t i = 0; i < n; ++i) sum.add(x[i], y[i]);
    return;
  }
  // The vector path sees no sign of zero: settle first whether there is anything else.
  for (std::size_t i = 0; i < n && !sum.has_other_term(); ++i) {
    const bool zero = x[i] == 0 || y[i] == 0;
    sum.add_zero(zero && std::signbit(x[i]) != std::signbit(y[i]));
  }
  std::size_t begin = 0;
  const auto off_line = [&] { return reinterpret_cast<std::uintptr_t>(x.data() + begin) % 64 != 0; };
  for (; begin < 64 / sizeof(T) && off_line(); ++begin) sum.add(double{x[begin]}, double{y[begin]});
  add_terms(sum, x.data(), y.data(), begin, n);
}

}  // namespace

void ExactProductSum::add_products(std::span<const double> x, std::span<const double> y) {
  add_all(*this, x, y, HWY_DYNAMIC_DISPATCH(add_doubles));
}
void ExactProductSum::add_products(std::span<const float> x, std::span<const float> y) {
  add_all(*this, x, y, HWY_DYNAMIC_DISPATCH(add_floats));
}

void ExactProductSum::add(std::span<const double> x, std::span<const double> y) {
  x.data() == y.data() ? add_squares(*this, x) : add_products(x, y);
}
void ExactProductSum::add(std::span<const float> x, std::span<const float> y) {
  x.data() == y.data() ? add_squares(*this, x) : add_products(x, y);
}

}  // namespace concdemo
#endif
