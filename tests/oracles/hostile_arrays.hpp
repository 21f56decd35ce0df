#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// Random arrays made to break exact reductions: cancellation, every exponent, ties, products beyond the range, ...
namespace concdemo {

// Elements x[i] and y[i], at addresses that are 8 * shift bytes past a multiple of 64.
struct HostileArrays {
  std::string_view kind;  // of x
  std::span<const double> x() const { return {x_storage.data() + x_begin, count}; }
  std::span<const double> y() const { return {y_storage.data() + y_begin, count}; }

  std::size_t count;
  std::size_t x_begin, y_begin;
  std::vector<double> x_storage, y_storage;
};

// The same for the same seed and index of one build, whatever came before.
HostileArrays make_hostile_arrays(std::uint64_t seed, std::uint64_t index);

// Every element of x as a float32: scaled by one power of two so that the largest finite one fits, then rounded.
std::vector<float> narrowed(std::span<const double> x);

}  // namespace concdemo
