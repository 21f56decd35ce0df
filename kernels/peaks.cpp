#include "kernels/peaks.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/accumulate_parts.hpp"
#include "kernels/highway.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/peaks.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/cache_control.h>

HWY_BEFORE_NAMESPACE();
namespace concdemo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = HWY_MAX_BYTES / sizeof(double);

// The XOR of all bits: integers, because they cost the same whatever the data. `streams` places are read in turn.
template <std::size_t streams>
std::uint64_t read_streams(const double* x, std::size_t count) {
  constexpr std::size_t step = 4 * lanes / streams;  // four vectors a turn
  const Tag d;
  const hn::RebindToUnsigned<Tag> du;
  const std::size_t stride = count / streams;
  hn::Vec<decltype(du)> sums[4];
  for (auto& sum : sums) sum = hn::Zero(du);
  std::size_t i = 0;
  for (; i + step <= stride; i += step)
    for (std::size_t v = 0; v < 4; ++v) {
      const double* place = x + v % streams * stride + i + v / streams * lanes;
      sums[v] = hn::Xor(sums[v], hn::BitCast(du, hn::LoadU(d, place)));
    }
  std::uint64_t folded[lanes];
  hn::StoreU(hn::Xor(hn::Xor(sums[0], sums[1]), hn::Xor(sums[2], sums[3])), du, folded);
  std::uint64_t result = 0;
  for (const std::uint64_t value : folded) result ^= value;
  for (std::size_t s = 0; s < streams; ++s)
    for (std::size_t r = i; r < stride; ++r) result ^= std::bit_cast<std::uint64_t>(x[s * stride + r]);
  for (std::size_t r = streams * stride; r < count; ++r) result ^= std::bit_cast<std::uint64_t>(x[r]);
  return result;
}

std::uint64_t read_part(Pass pass, const double* x, std::size_t count) {
  return pass == Pass::read ? read_streams<1>(x, count) : read_streams<4>(x, count);
}

// a = b, or a = b + 3 c.
template <bool triad, bool non_temporal>
void store_all(double* a, const double* b, const double* c, std::size_t count) {
  const Tag d;
  const Vector scale = hn::Set(d, 3.0);
  const auto store_one = [=](std::size_t i) { a[i] = triad ? b[i] + 3.0 * c[i] : b[i]; };
  std::size_t i = 0;
  for (; i < count && reinterpret_cast<std::uintptr_t>(a + i) % HWY_MAX_BYTES != 0; ++i) store_one(i);
  for (; i + lanes <= count; i += lanes) {
    Vector values = hn::LoadU(d, b + i);
    if constexpr (triad) values = hn::MulAdd(scale, hn::LoadU(d, c + i), values);
    if constexpr (non_temporal) hn::Stream(values, d, a + i);
    else hn::Store(values, d, a + i);
  }
  for (; i < count; ++i) store_one(i);
  if constexpr (non_temporal) hwy::FlushStream();
}

void store_part(Pass pass, double* a, const double* b, const double* c, std::size_t count) {
  if (pass == Pass::copy) return store_all<false, false>(a, b, c, count);
  if (pass == Pass::copy_non_temporal) return store_all<false, true>(a, b, c, count);
  if (pass == Pass::triad) return store_all<true, false>(a, b, c, count);
  store_all<true, true>(a, b, c, count);
}

// Twelve chains hide a latency of 4 cycles at up to three FMAs a cycle. Returns the flops; `sink` keeps the work alive.
double run_chains(int steps, double& sink) {
  constexpr int chains = 12;
  const Tag d;
  const Vector factor = hn::Set(d, 0.5), term = hn::Set(d, sink);
  Vector x[chains];
  for (int i = 0; i < chains; ++i) x[i] = hn::Set(d, i);
  for (int step = 0; step < steps; ++step)
    for (int i = 0; i < chains; ++i) x[i] = hn::MulAdd(x[i], factor, term);
  for (int i = 1; i < chains; ++i) x[0] = hn::Add(x[0], x[i]);
  sink = hn::GetLane(x[0]);
  return 2.0 * chains * lanes * steps;
}

}  // namespace HWY_NAMESPACE
}  // namespace concdemo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace concdemo {
HWY_EXPORT(read_part);
HWY_EXPORT(store_part);
HWY_EXPORT(run_chains);

namespace {

std::atomic<std::uint64_t> kept;  // results go here, so that no pass can be optimised away

// The shortest of at least three passes (the first one warms up), within about budget_s.
template <class Pass>
double best_seconds(double budget_s, const Pass& pass) {
  double best = std::numeric_limits<double>::infinity();
  const double start = omp_get_wtime();
  for (int i = 0; i < 3 || (i < 20 && omp_get_wtime() - start < budget_s); ++i) {
    const double begin = omp_get_wtime();
    pass();
    best = std::min(best, omp_get_wtime() - begin);
  }
  return std::max(best, 1e-9);  // a clock's tick: a rate stays finite
}

double read_by(Pass pass, std::span<const double> buffer, int threads) {
  for_each_part(buffer.size(), threads, [&](std::size_t, std::size_t begin, std::size_t end) {
    kept.fetch_xor(HWY_DYNAMIC_DISPATCH(read_part)(pass, buffer.data() + begin, end - begin));
  });
  return static_cast<double>(buffer.size_bytes());
}

// Bytes a second of the faster of two passes.
template <class One, class Other>
double faster_of(const One& one, const Other& other) {
  double bytes = 0;
  const double seconds = std::min(best_seconds(0.02, [&] { bytes = one(); }), best_seconds(0.02, other));
  return bytes / seconds;
}

}  // namespace

double read_bandwidth_peak(std::span<const double> buffer, int threads) {
  return faster_of([&] { return read_by(Pass::read, buffer, threads); },
                   [&] { return read_by(Pass::read_in_four_streams, buffer, threads); });
}

double copy_bandwidth_peak(std::span<double> buffer, int threads) {
  return faster_of([&] { return memory_pass(Pass::copy, buffer, threads); },
                   [&] { return memory_pass(Pass::copy_non_temporal, buffer, threads); });
}

double fma_chains(int threads, int steps) {
  double total = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
  {
    double sink = 1.0;
    total = HWY_DYNAMIC_DISPATCH(run_chains)(steps, sink);
    kept.fetch_xor(std::bit_cast<std::uint64_t>(sink));
  }
  return total;
}

double memory_pass(Pass pass, std::span<double> buffer, int threads) {
  if (pass == Pass::read || pass == Pass::read_in_four_streams) return read_by(pass, buffer, threads);
  const bool copies = pass == Pass::copy || pass == Pass::copy_non_temporal;
  const std::size_t arrays = copies ? 2 : 3, part = buffer.size() / arrays;
  double* const to = buffer.data() + (copies ? buffer.size() - part : 0);
  const double* const from = buffer.data() + (copies ? 0 : part);
  for_each_part(part, threads, [&](std::size_t, std::size_t begin, std::size_t end) {
    HWY_DYNAMIC_DISPATCH(store_part)(pass, to + begin, from + begin, from + part + begin, end - begin);
  });
  return static_cast<double>(arrays * part * sizeof(double));
}

double fma_peak(int threads) {
  constexpr int steps = 200'000;
  double flops = 0;
  const double seconds = best_seconds(0.01, [&] { flops = fma_chains(threads, steps); });
  return flops / seconds;
}

}  // namespace concdemo
#endif
