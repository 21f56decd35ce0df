#pragma once
#include <array>
#include <cstdint>
#include <span>

namespace concdemo {

// Philox 4x32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11).
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// The element with this global index: counter = {index/2 (64 bits), stream, 0}, key = seed, low words first. The first
// two of the four words give the element of even index, the others that of odd index: (low | high << 32) >> 11, times
// 2^-53. Uniform in [0, 1).
double uniform_at(std::uint64_t seed, std::uint32_t stream, std::uint64_t index);

// out[i] = uniform_at(seed, stream, first_index + i), whatever the layout. 8 bytes written per element.
void fill_uniform(std::span<double> out, std::uint64_t seed, std::uint32_t stream, std::uint64_t first_index,
                  int threads);

// out[i] = first_index + i, rounded to nearest even beyond 2^53.
void fill_index(std::span<double> out, std::uint64_t first_index, int threads);

}  // namespace concdemo
