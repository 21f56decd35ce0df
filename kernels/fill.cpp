#include "kernels/fill.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/highway.hpp"
#include "kernels/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fill.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef CONCDEMO_FILL_ONCE
#define CONCDEMO_FILL_ONCE
namespace concdemo {
constexpr std::uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr std::uint32_t key_step0 = 0x9E3779B9, key_step1 = 0xBB67AE85;
constexpr int philox_rounds = 10;
}  // namespace concdemo
#endif

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Writes both doubles of as many of `blocks` counter blocks as fill whole vectors; returns how many blocks those were.
std::size_t fill_blocks(double* out, std::uint64_t seed, std::uint32_t stream, std::uint64_t first_block,
                        std::size_t blocks) {
#if HWY_TARGET == HWY_SCALAR  // one lane has no MulEven; never called (see kernels/highway.hpp)
  static_cast<void>(out), static_cast<void>(seed), static_cast<void>(stream);
  static_cast<void>(first_block), static_cast<void>(blocks);
  return 0;
#else
  const hn::ScalableTag<std::uint64_t> d;
  const hn::RepartitionToNarrow<decltype(d)> d32;
  const hn::RebindToSigned<decltype(d)> d_signed;
  const hn::RebindToFloat<decltype(d)> d_double;
  constexpr std::size_t lanes = HWY_MAX_BYTES / sizeof(std::uint64_t);
  using Vector = hn::Vec<decltype(d)>;
  // The words of a counter stand in the low halves of 64-bit lanes. MulEven reads these alone, so whatever the high
  // halves hold in between does no harm.
  const auto multiply = [=](Vector words, std::uint32_t factor)
                            HWY_ATTR { return hn::MulEven(hn::BitCast(d32, words), hn::Set(d32, factor)); };
  const auto to_unit = [=](Vector low, Vector high) HWY_ATTR {
    const Vector low_bits = hn::And(low, hn::Set(d, 0xFFFFFFFF));
    const Vector bits = hn::ShiftRight<11>(hn::Or(hn::ShiftLeft<32>(high), low_bits));
    return hn::Mul(hn::ConvertTo(d_double, hn::BitCast(d_signed, bits)), hn::Set(d_double, 0x1p-53));
  };
  std::size_t done = 0;
  for (; done + lanes <= blocks; done += lanes, out += 2 * lanes) {
    Vector c0 = hn::Add(hn::Set(d, first_block + done), hn::Iota(d, 0));
    Vector c1 = hn::ShiftRight<32>(c0);
    Vector c2 = hn::Set(d, stream);
    Vector c3 = hn::Zero(d);
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < philox_rounds; ++round, k0 += key_step0, k1 += key_step1) {
      const Vector p0 = multiply(c0, multiplier0), p1 = multiply(c2, multiplier1);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(d, k0));
      c1 = p1;
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(d, k1));
      c3 = p0;
    }
    hn::StoreInterleaved2(to_unit(c0, c1), to_unit(c2, c3), d_double, out);
  }
  return done;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(fill_blocks);

namespace {

struct Pair {
  double even;
  double odd;
};

double to_unit(std::uint32_t low, std::uint32_t high) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(static_cast<std::int64_t>(bits)) * 0x1p-53;
}

Pair uniform_pair(std::uint64_t seed, std::uint32_t stream, std::uint64_t block) {
  const auto low = [](std::uint64_t bits) { return static_cast<std::uint32_t>(bits); };
  const auto words = philox4x32_10({low(block), low(block >> 32), stream, 0}, {low(seed), low(seed >> 32)});
  return {to_unit(words[0], words[1]), to_unit(words[2], words[3])};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  auto [c0, c1, c2, c3] = counter;
  auto [k0, k1] = key;
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{multiplier0} * c0;
    const std::uint64_t p1 = std::uint64_t{multiplier1} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += key_step0;
    k1 += key_step1;
  }
  return {c0, c1, c2, c3};
}

double uniform_at(std::uint64_t seed, std::uint32_t stream, std::uint64_t index) {
  const Pair pair = uniform_pair(seed, stream, index / 2);
  return index % 2 == 0 ? pair.even : pair.odd;
}

void fill_uniform(std::span<double> out, std::uint64_t seed, std::uint32_t stream, std::uint64_t first_index,
                  int threads) {
  if (out.empty()) return;
  // An odd first or last element has only half a counter block.
  const std::size_t head = first_index % 2;
  const std::size_t pairs = (out.size() - head) / 2;
  const std::uint64_t first_block = (first_index + head) / 2;
  double* data = out.data() + head;
  const bool scalar = simd_is_scalar();
  constexpr std::size_t grain = 1024;  // pairs: enough to make the dispatch free
  if (head == 1) out.front() = uniform_at(seed, stream, first_index);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t begin = 0; begin < pairs; begin += grain) {
    const std::size_t end = std::min(begin + grain, pairs);
    std::size_t i = begin;
    if (!scalar) {
      i += HWY_DYNAMIC_DISPATCH(fill_blocks)(data + 2 * begin, seed, stream, first_block + begin, end - begin);
    }
    for (; i < end; ++i) {
      const Pair pair = uniform_pair(seed, stream, first_block + i);
      data[2 * i] = pair.even;
      data[2 * i + 1] = pair.odd;
    }
  }
  if ((out.size() - head) % 2 == 1) out.back() = uniform_at(seed, stream, first_index + out.size() - 1);
}

void fill_index(std::span<double> out, std::uint64_t first_index, int threads) {
  const auto n = static_cast<std::ptrdiff_t>(out.size());
  double* data = out.data();
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) data[i] = static_cast<double>(first_index + static_cast<std::uint64_t>(i));
}

}  // namespace concdemo
#endif
