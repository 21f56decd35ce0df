#pragma once
#include <cstddef>

namespace concdemo {

// Undoes HDF5's shuffle filter for elements [begin, end) of n: `planes` holds the first byte of each element, then the
// second of each, up to the size-th; `out` receives (end - begin) * size bytes, an element after the other. What the
// filter leaves at the end as it is, bytes that make no whole element, is the caller's to copy. size > 0,
// begin <= end <= n; any alignment; the two do not overlap. By the vectors that simd.hpp chooses for 2, 4 and 8 bytes.
void unshuffle(const std::byte* planes, std::size_t n, std::size_t size, std::size_t begin, std::size_t end,
               std::byte* out);

}  // namespace concdemo
