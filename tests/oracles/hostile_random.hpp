#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>

namespace concdemo {

// Choices for make_hostile_arrays.
struct Random {
  std::mt19937_64 engine;

  std::uint64_t bits() { return engine(); }
  std::size_t below(std::size_t n) { return engine() % n; }
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low) + 1)); }
  bool once_in(std::size_t n) { return below(n) == 0; }
  double sign() { return once_in(2) ? -1 : 1; }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double of(std::initializer_list<double> choices) { return *(choices.begin() + below(choices.size())); }
  double any() { return std::bit_cast<double>(bits()); }
  double finite() {
    double x = any();
    while (!std::isfinite(x)) x = any();
    return x;
  }
  // A significand at a binade of [low, high], low <= 1023: random, or all ones, or with a single bit at either end.
  double scaled(int low, int high) {
    const double significand = of({1 + unit(), 1 + unit(), 1 + unit(), 1, 1 + 0x1p-52, 2 - 0x1p-52, 1.5});
    return sign() * std::ldexp(significand, between(low, std::min(high, 1023)));
  }
};

}  // namespace concdemo
