#pragma once
#include <cstdint>

#include "base/partition.hpp"

namespace concdemo {

// rows x columns cut into one rectangle for each of any number of ranks, primes included. The ranks form `groups`
// groups, of equal size or one apart (larger ones first). A group has a range of columns, as wide as its ranks are
// many, and they cut all rows among them.
struct Tiling {
  std::uint64_t rows = 0, columns = 0;
  std::uint64_t ranks = 1;
  std::uint64_t groups = 1;
};

struct Tile {
  std::uint64_t group = 0;
  Range members;  // the group's ranks
  Range rows;
  Range columns;
};

Range group_members(const Tiling& tiling, std::uint64_t group);
Range group_columns(const Tiling& tiling, std::uint64_t group);
Tile tile_of(const Tiling& tiling, std::uint64_t rank);

Range common(Range a, Range b);  // what lies in both; empty where nothing does

// The parts of part_of(count, parts, ...) that a range touches.
Range parts_touched(std::uint64_t count, std::uint64_t parts, Range range);

}  // namespace concdemo
