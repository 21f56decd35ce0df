#pragma once
#include <bit>
#include <cstdint>

namespace concdemo::test {

inline std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }
inline constexpr std::uint64_t canonical_nan = 0x7ff8000000000000;

}  // namespace concdemo::test
