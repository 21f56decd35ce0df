#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace concdemo {

// The checksum that HDF5's fletcher32 filter stores behind a chunk: of the bytes as big-endian 16-bit words w[0..m), an
// odd last byte followed by a zero one, the low half is the sum of w[i] and the high half that of (m - i) w[i], both
// modulo 65535; a sum that is a multiple of it is 65535, and 0 only where every byte is 0. 1.5 integer operations a
// word.
std::uint32_t fletcher32(std::span<const std::byte> bytes);

}  // namespace concdemo
