#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

// Checksums that do not depend on who computes which part: each is a sum modulo 2^64 of mix(index, bits) over 64-bit
// words. For one index the mix is a bijection of the bits, so a change within a single word always changes the sum;
// wider damage goes unnoticed about once in 2^64 times.
namespace concdemo {

constexpr std::uint64_t block_elements = 131072;  // one checksum for each 1 MiB of a dataset
constexpr std::uint64_t block_bytes = block_elements * sizeof(double);

constexpr std::uint64_t block_count(std::uint64_t elements) {
  return elements / block_elements + (elements % block_elements != 0);
}

// Sum over data[i] as element first_element + i.
std::uint64_t checksum(std::uint64_t first_element, std::span<const double> data);

// Sum over data[i] as element first_element + i * stride.
std::uint64_t strided_checksum(std::uint64_t first_element, std::uint64_t stride, std::span<const double> data);

// Sum over the bytes at file offset `offset`, in words of 8 (the last one padded with zeros).
std::uint64_t checksum_bytes(std::uint64_t offset, std::span<const std::byte> bytes);

// Adds each element of `data` to the sum of the block it belongs to: sums[element / block_elements].
void add_block_checksums(std::uint64_t first_element, std::span<const double> data, std::span<std::uint64_t> sums);

}  // namespace concdemo
