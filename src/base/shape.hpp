#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace concdemo {

// Extents of an array, slowest dimension first; empty for a scalar.
using Shape = std::vector<std::uint64_t>;

// Product of the extents (1 for a scalar); throws usage Error when it exceeds 2^63 - 1.
std::uint64_t element_count(const Shape& shape);

// "3x4"; "scalar" for an empty shape.
std::string to_text(const Shape& shape);

}  // namespace concdemo
