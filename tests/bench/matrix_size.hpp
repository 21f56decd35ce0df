#pragma once
// What the programs of matrix.py share besides turns.hpp.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>

namespace turns {

// "MxKxN" or "MxN": two extents leave the last one 0.
inline std::array<std::size_t, 3> matrix_size(const char* text) {
  std::array<std::size_t, 3> size{};
  char* end = nullptr;
  for (std::size_t i = 0; i < size.size() && *text != '\0'; ++i, text = *end == 'x' ? end + 1 : end)
    size[i] = std::strtoull(text, &end, 10);
  return size;
}

// Enough runs for about 1e9 flops: of small products one run would be as long as the clock's noise.
inline int repeats_of(double flops) { return static_cast<int>(std::clamp(1e9 / flops, 1.0, 25.0)); }

}  // namespace turns
