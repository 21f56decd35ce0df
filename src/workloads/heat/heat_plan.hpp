#pragma once
#include <cstdint>
#include <vector>

#include "base/tiling.hpp"

namespace concdemo {

// Who computes which part of a rows x columns grid, and who sends what before a pass of several steps: plain numbers,
// no MPI. Each rank has one tile of the grid: a strip of whole rows while the strips are at least `least_strip_rows`
// thick (one message up, one down; contiguous in a file), else a rectangle, in groups that make its circumference
// short.
constexpr std::uint64_t least_strip_rows = 64;
Tiling plan_heat(std::uint64_t rows, std::uint64_t columns, std::uint64_t ranks);

// Points of the grid that `from` owns and `to` needs.
struct HaloPiece {
  std::uint64_t from = 0, to = 0;
  Range rows;
  Range columns;
  bool operator==(const HaloPiece&) const = default;
};

// What a rank needs around its tile for a pass of `depth` steps, corners and all, from ranks near and less near; and
// what of its tile others need. One piece for each pair of ranks, in the order of ranks. A message a piece and pass.
struct Halo {
  std::vector<HaloPiece> needed, sent;
};
Halo halo_of(const Tiling& tiling, std::uint64_t rank, std::uint64_t depth);

}  // namespace concdemo
