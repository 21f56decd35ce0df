#include "kernels/highway.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/extremes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/extremes.hpp"
#include "kernels/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void add_keys(Extremes& extremes, const double* x, std::size_t n) {
  const hn::ScalableTag<double> d;
  const hn::RebindToSigned<decltype(d)> di;
  constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
  const auto all_but_sign = hn::Set(di, greatest);
  auto low = all_but_sign;
  auto high = hn::Not(all_but_sign);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto bits = hn::BitCast(di, hn::LoadU(d, x + i));
    const auto key = hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), all_but_sign));
    low = hn::Min(low, key);
    high = hn::Max(high, key);
  }
  HWY_ALIGN std::int64_t lows[hn::MaxLanes(di)];
  HWY_ALIGN std::int64_t highs[hn::MaxLanes(di)];
  hn::Store(low, di, lows);
  hn::Store(high, di, highs);
  for (std::size_t lane = 0; lane < hn::Lanes(di); ++lane) extremes.add_keys(lows[lane], highs[lane]);
  for (; i < n; ++i) extremes.add_keys(Extremes::key_of(x[i]), Extremes::key_of(x[i]));
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
namespace {
HWY_EXPORT(add_keys);
}

void Extremes::add(std::span<const double> x) {
  if (!simd_is_scalar()) return HWY_DYNAMIC_DISPATCH(add_keys)(*this, x.data(), x.size());
  for (const double value : x) add_keys(key_of(value), key_of(value));
}

}  // namespace concdemo
#endif
