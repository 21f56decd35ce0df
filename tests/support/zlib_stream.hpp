#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// zlib streams (RFC 1950, 1951) made by hand, of valid form but hardly smaller than what they hold.
namespace concdemo::test {

using Bytes = std::vector<std::byte>;

inline std::uint32_t adler32(std::span<const std::byte> bytes) {
  std::uint32_t a = 1, b = 0;
  for (const std::byte byte : bytes) {
    a = (a + std::to_integer<std::uint32_t>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

inline Bytes with_zlib_frame(const Bytes& deflated, std::uint32_t checksum) {
  Bytes stream{std::byte{0x78}, std::byte{0x01}};
  stream.insert(stream.end(), deflated.begin(), deflated.end());
  for (const int shift : {24, 16, 8, 0}) stream.push_back(static_cast<std::byte>(checksum >> shift));
  return stream;
}

// In stored blocks.
inline Bytes zlib_stored(std::span<const std::byte> bytes) {
  Bytes blocks;
  std::size_t at = 0;
  do {
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 65535);
    blocks.push_back(static_cast<std::byte>(at + size == bytes.size()));
    for (const std::size_t field : {size, ~size}) {
      blocks.push_back(static_cast<std::byte>(field));
      blocks.push_back(static_cast<std::byte>(field >> 8));
    }
    blocks.insert(blocks.end(), bytes.begin() + at, bytes.begin() + at + size);
    at += size;
  } while (at < bytes.size());
  return with_zlib_frame(blocks, adler32(bytes));
}

// 1 + 258 * copies zeros in one block of fixed codes: 13 bits a copy.
inline Bytes zlib_zeros(std::size_t copies) {
  Bytes block;
  int used = 0;
  const auto put = [&](std::uint32_t bits, int count) {  // the lowest first
    for (int i = 0; i < count; ++i, used = (used + 1) % 8) {
      if (used == 0) block.push_back(std::byte{0});
      block.back() |= static_cast<std::byte>((bits >> i & 1) << used);
    }
  };
  put(0b011, 3);       // the last block, of fixed codes
  put(0b00001100, 8);  // the literal 0, code 00110000 from its highest bit on
  for (std::size_t i = 0; i < copies; ++i) {
    put(0b10100011, 8);  // length 258, code 11000101
    put(0, 5);           // distance 1
  }
  put(0, 7);  // the end
  return with_zlib_frame(block, adler32(Bytes(1 + 258 * copies)));
}

}  // namespace concdemo::test
