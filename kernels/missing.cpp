#include "kernels/missing.hpp"

#include <cstdint>
#include <tuple>

#include "kernels/highway.hpp"
#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/missing.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef CONCDEMO_MISSING_ONCE
#define CONCDEMO_MISSING_ONCE
namespace concdemo {

// Whether any of n elements is one of `count` values, or outside the range where it is not null.
template <class T>
using AnyMissing = bool (*)(const T* elements, std::size_t n, const T* values, std::size_t count, const T* range);
using AnyMissingOfAll =
    std::tuple<AnyMissing<double>, AnyMissing<float>, AnyMissing<std::int64_t>, AnyMissing<std::uint64_t>,
               AnyMissing<std::int32_t>, AnyMissing<std::uint32_t>, AnyMissing<std::int16_t>, AnyMissing<std::uint16_t>,
               AnyMissing<std::int8_t>, AnyMissing<std::uint8_t>>;

template <class T>
bool any_in_scalars(const T* elements, std::size_t n, const T* values, std::size_t count, const T* range) {
  for (std::size_t i = 0; i < n; ++i) {
    const T x = elements[i];
    if (range != nullptr && (x < range[0] || x > range[1])) return true;
    for (std::size_t k = 0; k < count; ++k) {
      if (x == values[k] || (x != x && values[k] != values[k])) return true;
    }
  }
  return false;
}

}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One loop a criterion, for most data have one.
template <class T>
bool any_in_vectors(const T* elements, std::size_t n, const T* values, std::size_t count, const T* range) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), whole = n / lanes * lanes;
  auto found = hn::Zero(d);
  for (std::size_t k = 0; k < count; ++k) {
    const auto value = hn::Set(d, values[k]);
    if (values[k] == values[k]) {
      for (std::size_t i = 0; i < whole; i += lanes) {
        found = hn::Or(found, hn::VecFromMask(d, hn::Eq(hn::LoadU(d, elements + i), value)));
      }
    } else {
      for (std::size_t i = 0; i < whole; i += lanes) {
        const auto x = hn::LoadU(d, elements + i);
        // Not Ne, which some targets have as an ordered comparison.
        found = hn::Or(found, hn::VecFromMask(d, hn::Not(hn::Eq(x, x))));
      }
    }
  }
  if (range != nullptr) {
    const auto lowest = hn::Set(d, range[0]);
    const auto highest = hn::Set(d, range[1]);
    for (std::size_t i = 0; i < whole; i += lanes) {
      const auto x = hn::LoadU(d, elements + i);
      const auto outside = hn::Or(hn::VecFromMask(d, hn::Lt(x, lowest)), hn::VecFromMask(d, hn::Gt(x, highest)));
      found = hn::Or(found, outside);
    }
  }
  // All bits are set where it is: NaN, as a float, so it is the integers that are compared.
  const hn::RebindToUnsigned<decltype(d)> bits;
  return !hn::AllTrue(bits, hn::Eq(hn::BitCast(bits, found), hn::Zero(bits))) ||
         any_in_scalars(elements + whole, n - whole, values, count, range);
}

template <class... T>
constexpr std::tuple<AnyMissing<T>...> in_vectors(std::tuple<AnyMissing<T>...>) {
  return {any_in_vectors<T>...};
}
AnyMissingOfAll any_missing_of_all() { return in_vectors(AnyMissingOfAll()); }

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(any_missing_of_all);

template <class T>
using Those = std::span<const T>;

template <class T>
bool any_missing(const T* elements, std::size_t n, Those<T> values, Those<T> range) {
  const auto any = simd_is_scalar() ? AnyMissing<T>(any_in_scalars<T>)
                                    : std::get<AnyMissing<T>>(HWY_DYNAMIC_DISPATCH(any_missing_of_all)());
  return any(elements, n, values.data(), values.size(), range.empty() ? nullptr : range.data());
}

template bool any_missing(const double*, std::size_t, Those<double>, Those<double>);
template bool any_missing(const float*, std::size_t, Those<float>, Those<float>);
template bool any_missing(const std::int64_t*, std::size_t, Those<std::int64_t>, Those<std::int64_t>);
template bool any_missing(const std::uint64_t*, std::size_t, Those<std::uint64_t>, Those<std::uint64_t>);
template bool any_missing(const std::int32_t*, std::size_t, Those<std::int32_t>, Those<std::int32_t>);
template bool any_missing(const std::uint32_t*, std::size_t, Those<std::uint32_t>, Those<std::uint32_t>);
template bool any_missing(const std::int16_t*, std::size_t, Those<std::int16_t>, Those<std::int16_t>);
template bool any_missing(const std::uint16_t*, std::size_t, Those<std::uint16_t>, Those<std::uint16_t>);
template bool any_missing(const std::int8_t*, std::size_t, Those<std::int8_t>, Those<std::int8_t>);
template bool any_missing(const std::uint8_t*, std::size_t, Those<std::uint8_t>, Those<std::uint8_t>);

}  // namespace concdemo
#endif
