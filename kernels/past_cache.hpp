#pragma once
#include <cstddef>

namespace concdemo {

// Whether results go past the caches, where a kernel reads and writes so many bytes in all: an ordinary store reads the
// line first, for nothing where no cache can hold them until they are read again. Most last-level caches are smaller.
constexpr bool is_past_cache(std::size_t bytes) { return bytes > std::size_t{128} << 20; }

}  // namespace concdemo
