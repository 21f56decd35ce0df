// clang-format off
#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/missing.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on
#include "kernels/missing.hpp"
#include "kernels/simd.hpp"

#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Over whole vectors; one loop a criterion, for most data have one.
template <class T>
bool any_in_vectors(const T* elements, std::size_t n, const T* values, std::size_t count, const T* range) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  auto found = hn::Zero(d);
  for (std::size_t k = 0; k < count; ++k) {
    const auto value = hn::Set(d, values[k]);
    if (values[k] == values[k]) {
      for (std::size_t i = 0; i + lanes <= n; i += lanes) {
        found = hn::Or(found, hn::VecFromMask(d, hn::Eq(hn::LoadU(d, elements + i), value)));
      }
    } else {
      for (std::size_t i = 0; i + lanes <= n; i += lanes) {
        const auto x = hn::LoadU(d, elements + i);
        // Not Ne, which some targets have as an ordered comparison.
        found = hn::Or(found, hn::VecFromMask(d, hn::Not(hn::Eq(x, x))));
      }
    }
  }
  if (range != nullptr) {
    const auto lowest = hn::Set(d, range[0]);
    const auto highest = hn::Set(d, range[1]);
    for (std::size_t i = 0; i + lanes <= n; i += lanes) {
      const auto x = hn::LoadU(d, elements + i);
      const auto outside = hn::Or(hn::VecFromMask(d, hn::Lt(x, lowest)), hn::VecFromMask(d, hn::Gt(x, highest)));
      found = hn::Or(found, outside);
    }
  }
  // All bits are set where it is: NaN, as a float, so it is the integers that are compared.
  const hn::RebindToUnsigned<decltype(d)> bits;
  return !hn::AllTrue(bits, hn::Eq(hn::BitCast(bits, found), hn::Zero(bits)));
}

bool any_f64(const double* x, std::size_t n, const double* v, std::size_t count, const double* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_f32(const float* x, std::size_t n, const float* v, std::size_t count, const float* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_i64(const std::int64_t* x, std::size_t n, const std::int64_t* v, std::size_t count,
             const std::int64_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_u64(const std::uint64_t* x, std::size_t n, const std::uint64_t* v, std::size_t count,
             const std::uint64_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_i32(const std::int32_t* x, std::size_t n, const std::int32_t* v, std::size_t count,
             const std::int32_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_u32(const std::uint32_t* x, std::size_t n, const std::uint32_t* v, std::size_t count,
             const std::uint32_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_i16(const std::int16_t* x, std::size_t n, const std::int16_t* v, std::size_t count,
             const std::int16_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_u16(const std::uint16_t* x, std::size_t n, const std::uint16_t* v, std::size_t count,
             const std::uint16_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_i8(const std::int8_t* x, std::size_t n, const std::int8_t* v, std::size_t count, const std::int8_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
bool any_u8(const std::uint8_t* x, std::size_t n, const std::uint8_t* v, std::size_t count, const std::uint8_t* range) {
  return any_in_vectors(x, n, v, count, range);
}
std::size_t bytes_of_vector() { return hn::Lanes(hn::ScalableTag<std::uint8_t>()); }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(any_f64);
HWY_EXPORT(any_f32);
HWY_EXPORT(any_i64);
HWY_EXPORT(any_u64);
HWY_EXPORT(any_i32);
HWY_EXPORT(any_u32);
HWY_EXPORT(any_i16);
HWY_EXPORT(any_u16);
HWY_EXPORT(any_i8);
HWY_EXPORT(any_u8);
HWY_EXPORT(bytes_of_vector);

template <class T>
auto vectors_for() {
  if constexpr (std::is_same_v<T, double>) return HWY_DYNAMIC_DISPATCH(any_f64);
  else if constexpr (std::is_same_v<T, float>) return HWY_DYNAMIC_DISPATCH(any_f32);
  else if constexpr (std::is_same_v<T, std::int64_t>) return HWY_DYNAMIC_DISPATCH(any_i64);
  else if constexpr (std::is_same_v<T, std::uint64_t>) return HWY_DYNAMIC_DISPATCH(any_u64);
  else if constexpr (std::is_same_v<T, std::int32_t>) return HWY_DYNAMIC_DISPATCH(any_i32);
  else if constexpr (std::is_same_v<T, std::uint32_t>) return HWY_DYNAMIC_DISPATCH(any_u32);
  else if constexpr (std::is_same_v<T, std::int16_t>) return HWY_DYNAMIC_DISPATCH(any_i16);
  else if constexpr (std::is_same_v<T, std::uint16_t>) return HWY_DYNAMIC_DISPATCH(any_u16);
  else if constexpr (std::is_same_v<T, std::int8_t>) return HWY_DYNAMIC_DISPATCH(any_i8);
  else return HWY_DYNAMIC_DISPATCH(any_u8);
}

template <class T>
bool any_in_scalars(const T* elements, std::size_t n, std::span<const T> values, std::span<const T> range) {
  for (std::size_t i = 0; i < n; ++i) {
    const T x = elements[i];
    if (!range.empty() && (x < range[0] || x > range[1])) return true;
    for (const T value : values) {
      if (x == value || (x != x && value != value)) return true;
    }
  }
  return false;
}

}  // namespace

template <class T>
bool any_missing(const T* elements, std::size_t n, std::span<const T> values, std::span<const T> range) {
  if (simd_is_scalar()) return any_in_scalars(elements, n, values, range);
  const std::size_t lanes = HWY_DYNAMIC_DISPATCH(bytes_of_vector)() / sizeof(T);
  const std::size_t whole = n / lanes * lanes;
  const T* ends = range.empty() ? nullptr : range.data();
  return vectors_for<T>()(elements, whole, values.data(), values.size(), ends) ||
         any_in_scalars(elements + whole, n - whole, values, range);
}

template bool any_missing(const double*, std::size_t, std::span<const double>, std::span<const double>);
template bool any_missing(const float*, std::size_t, std::span<const float>, std::span<const float>);
template bool any_missing(const std::int64_t*, std::size_t, std::span<const std::int64_t>,
                          std::span<const std::int64_t>);
template bool any_missing(const std::uint64_t*, std::size_t, std::span<const std::uint64_t>,
                          std::span<const std::uint64_t>);
template bool any_missing(const std::int32_t*, std::size_t, std::span<const std::int32_t>,
                          std::span<const std::int32_t>);
template bool any_missing(const std::uint32_t*, std::size_t, std::span<const std::uint32_t>,
                          std::span<const std::uint32_t>);
template bool any_missing(const std::int16_t*, std::size_t, std::span<const std::int16_t>,
                          std::span<const std::int16_t>);
template bool any_missing(const std::uint16_t*, std::size_t, std::span<const std::uint16_t>,
                          std::span<const std::uint16_t>);
template bool any_missing(const std::int8_t*, std::size_t, std::span<const std::int8_t>, std::span<const std::int8_t>);
template bool any_missing(const std::uint8_t*, std::size_t, std::span<const std::uint8_t>,
                          std::span<const std::uint8_t>);

}  // namespace concdemo
#endif
