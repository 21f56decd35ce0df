#pragma once
#include <cstddef>
#include <span>

namespace concdemo {

// Whether any of n elements is one of the values (equal as numbers, a NaN to every NaN), or lies outside the range: its
// two ends, or empty. T: float, double, integers of 1, 2, 4, 8 bytes. With the vectors that simd.hpp chooses.
template <class T>
bool any_missing(const T* elements, std::size_t n, std::span<const T> values, std::span<const T> range);

}  // namespace concdemo
