#include "kernels/fill.hpp"

#include <cstddef>

namespace concdemo {
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
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
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
  const auto pairs = static_cast<std::ptrdiff_t>((out.size() - head) / 2);
  const std::uint64_t first_block = (first_index + head) / 2;
  double* data = out.data() + head;
  if (head == 1) out.front() = uniform_at(seed, stream, first_index);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < pairs; ++i) {
    const Pair pair = uniform_pair(seed, stream, first_block + static_cast<std::uint64_t>(i));
    data[2 * i] = pair.even;
    data[2 * i + 1] = pair.odd;
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
