#include "kernels/unshuffle.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/highway.hpp"
#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/unshuffle.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// In bytes: vectors of 64 were slower by a third, in the second cache level, for 4 bytes.
constexpr std::size_t widest = 32;

// Each takes as many of `count` elements as fill whole vectors, from planes n bytes apart, and returns how many.
std::size_t in_pairs(const std::uint8_t* planes, std::size_t n, std::size_t count, std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, widest> d;
  const std::size_t step = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    hn::StoreInterleaved2(hn::LoadU(d, planes + i), hn::LoadU(d, planes + n + i), d, out + 2 * i);
  }
  return i;
}

std::size_t in_fours(const std::uint8_t* planes, std::size_t n, std::size_t count, std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, widest> d;
  const std::size_t step = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    hn::StoreInterleaved4(hn::LoadU(d, planes + i), hn::LoadU(d, planes + n + i), hn::LoadU(d, planes + 2 * n + i),
                          hn::LoadU(d, planes + 3 * n + i), d, out + 4 * i);
  }
  return i;
}

// Two planes make one of 16-bit numbers, lowest byte first as on every target that Highway has.
std::size_t in_eights(const std::uint8_t* planes, std::size_t n, std::size_t count, std::uint8_t* out) {
  const hn::CappedTag<std::uint16_t, widest / 2> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t step = hn::Lanes(d);
  auto* pairs = reinterpret_cast<std::uint16_t*>(out);
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    const auto pair = [&](std::size_t first) {
      const auto low = hn::PromoteTo(d, hn::LoadU(bytes, planes + first * n + i));
      const auto high = hn::PromoteTo(d, hn::LoadU(bytes, planes + (first + 1) * n + i));
      return hn::Or(low, hn::ShiftLeft<8>(high));
    };
    hn::StoreInterleaved4(pair(0), pair(2), pair(4), pair(6), d, pairs + 4 * i);
  }
  return i;
}

std::size_t unshuffle_in_vectors(const std::byte* planes, std::size_t n, std::size_t size, std::size_t count,
                                 std::byte* out) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(planes);
  auto* to = reinterpret_cast<std::uint8_t*>(out);
  switch (size) {
    case 2: return in_pairs(from, n, count, to);
    case 4: return in_fours(from, n, count, to);
    case 8: return in_eights(from, n, count, to);
    default: return 0;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(unshuffle_in_vectors);

namespace {

// A tile of elements at a time, so that their lines stay in the first cache level from one plane to the next.
void unshuffle_plainly(const std::byte* planes, std::size_t n, std::size_t size, std::size_t count, std::byte* out) {
  constexpr std::size_t tile = 256;
  for (std::size_t first = 0; first < count; first += tile) {
    const std::size_t end = std::min(first + tile, count);
    for (std::size_t byte = 0; byte < size; ++byte) {
      for (std::size_t i = first; i < end; ++i) out[i * size + byte] = planes[byte * n + i];
    }
  }
}

}  // namespace

void unshuffle(const std::byte* planes, std::size_t n, std::size_t size, std::size_t begin, std::size_t end,
               std::byte* out) {
  const std::size_t count = end - begin;
  planes += begin;
  if (size == 1 && count > 0) {
    std::memcpy(out, planes, count);
    return;
  }
  const std::size_t done =
      simd_is_scalar() ? 0 : HWY_DYNAMIC_DISPATCH(unshuffle_in_vectors)(planes, n, size, count, out);
  unshuffle_plainly(planes + done, n, size, count - done, out + done * size);
}

}  // namespace concdemo
#endif
