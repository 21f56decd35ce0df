#include "kernels/fletcher32.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace concdemo {

namespace {

constexpr std::uint64_t modulus = 65535;
constexpr bool little_endian = std::endian::native == std::endian::little;
constexpr std::size_t lanes = 32;
constexpr std::size_t rows = 256;  // 361 would carry a lane over: 65535 * 361 * 362 / 2 > 2^32

// Of words in the machine's order.
struct Sums {
  std::uint64_t plain = 0;     // not reduced: whether it is 0 matters
  std::uint64_t weighted = 0;  // modulo `modulus`

  void add(std::uint64_t word) {
    plain += word;
    weighted = (weighted + plain) % modulus;
  }
};

// Lane j takes every word at j, j + lanes, ... of `count` rows: a sum, and the sum of that after each row, in which the
// word of row k is counted count - k times. Its weight in the block of m = lanes * count words is m - (lanes * k + j).
void add_rows(const std::byte* from, std::size_t count, Sums& sums) {
  std::uint32_t plain[lanes] = {}, after_rows[lanes] = {};
  for (std::size_t k = 0; k < count; ++k) {
    std::uint16_t words[lanes];
    std::memcpy(words, from + k * sizeof(words), sizeof(words));
    for (std::size_t j = 0; j < lanes; ++j) {
      plain[j] += words[j];
      after_rows[j] += plain[j];
    }
  }
  sums.weighted += sums.plain % modulus * (lanes * count);
  for (std::size_t j = 0; j < lanes; ++j) {
    sums.weighted += lanes * std::uint64_t{after_rows[j]} - j * std::uint64_t{plain[j]};
    sums.plain += plain[j];
  }
  sums.weighted %= modulus;
}

// A word with its bytes the other way round is 256 times it, modulo 65535.
std::uint32_t half(std::uint64_t sum, bool all_zero) {
  const std::uint64_t rest = sum % modulus * (little_endian ? 256 : 1) % modulus;
  return static_cast<std::uint32_t>(rest != 0 || all_zero ? rest : modulus);
}

}  // namespace

std::uint32_t fletcher32(std::span<const std::byte> bytes) {
  constexpr std::size_t row_bytes = lanes * sizeof(std::uint16_t);
  Sums sums;
  while (bytes.size() >= row_bytes) {
    const std::size_t count = std::min(bytes.size() / row_bytes, rows);
    add_rows(bytes.data(), count, sums);
    bytes = bytes.subspan(count * row_bytes);
  }
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), 2))) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<std::size_t>(bytes.size(), 2));
    sums.add(word);
  }
  const bool all_zero = sums.plain == 0;
  return half(sums.weighted, all_zero) << 16 | half(sums.plain, all_zero);
}

}  // namespace concdemo
