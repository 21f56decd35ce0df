#include "format/checksum.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace concdemo {
namespace {

constexpr std::uint64_t index_step = 0x9e3779b97f4a7c15;  // odd: each index has its own key

// The key makes the place count; multiply and shift (constants of MurmurHash3's finaliser) spread every bit over the
// word before the sum, which alone would let two changes cancel.
inline std::uint64_t mix(std::uint64_t key, std::uint64_t bits) {
  std::uint64_t h = bits ^ key;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 32;
  h *= 0xc4ceb9fe1a85ec53;
  h ^= h >> 29;
  return h;
}

}  // namespace

std::uint64_t strided_checksum(std::uint64_t first_element, std::uint64_t stride, std::span<const double> data) {
  static_assert(std::endian::native == std::endian::little, "files hold little-endian words");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    sum += mix((first_element + i * stride + 1) * index_step, std::bit_cast<std::uint64_t>(data[i]));
  }
  return sum;
}

std::uint64_t checksum(std::uint64_t first_element, std::span<const double> data) {
  return strided_checksum(first_element, 1, data);
}

std::uint64_t checksum_bytes(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min(sizeof word, bytes.size() - i));
    sum += mix((offset + i + 1) * index_step, word);
  }
  return sum;
}

void add_block_checksums(std::uint64_t first_element, std::span<const double> data, std::span<std::uint64_t> sums) {
  while (!data.empty()) {
    const auto left = static_cast<std::size_t>(block_elements - first_element % block_elements);
    const auto part = data.first(std::min(data.size(), left));
    sums[static_cast<std::size_t>(first_element / block_elements)] += checksum(first_element, part);
    first_element += part.size();
    data = data.subspan(part.size());
  }
}

}  // namespace concdemo
