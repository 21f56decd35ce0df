#include "workloads/heat/heat_plan.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

std::uint64_t points(const HaloPiece& piece) { return piece.rows.size() * piece.columns.size(); }

bool inside(Range inner, Range outer) { return inner.begin >= outer.begin && inner.end <= outer.end; }

std::uint64_t around(Range range, std::uint64_t depth, std::uint64_t limit) {
  return std::min(limit, range.end + depth) - (range.begin - std::min(range.begin, depth));
}

// Empty when the plan is right; else what is wrong.
std::string fault(std::uint64_t rows, std::uint64_t columns, std::uint64_t ranks, std::uint64_t depth) {
  const Tiling tiling = plan_heat(rows, columns, ranks);
  std::uint64_t owned = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, HaloPiece> sent, needed;
  for (std::uint64_t rank = 0; rank < ranks; ++rank) {
    const Tile tile = tile_of(tiling, rank);
    owned += tile.rows.size() * tile.columns.size();
    // Tiles do not overlap: groups' columns follow one another, members' rows do.
    if (tile.columns.end > columns || tile.rows.end > rows) return "a tile leaves the grid";
    if (rank + 1 < ranks) {
      const Tile next = tile_of(tiling, rank + 1);
      const bool same = next.group == tile.group;
      if (same ? next.rows.begin != tile.rows.end || next.columns != tile.columns
               : next.columns.begin != tile.columns.end || next.rows.begin != 0 || tile.rows.end != rows) {
        return "tiles leave a gap";
      }
    }
    std::uint64_t halo = 0;
    const Halo around_tile = halo_of(tiling, rank, depth);
    for (const HaloPiece& piece : around_tile.needed) {
      const Tile owner = tile_of(tiling, piece.from);
      if (piece.to != rank || piece.from == rank || points(piece) == 0) return "an empty piece, or one of its own";
      if (!inside(piece.rows, owner.rows) || !inside(piece.columns, owner.columns))
        return "a piece its sender does not own";
      if (!needed.emplace(std::pair(piece.from, rank), piece).second) return "two pieces of one pair";
      halo += points(piece);
    }
    const bool empty = tile.rows.size() == 0 || tile.columns.size() == 0;
    const std::uint64_t all = around(tile.rows, depth, rows) * around(tile.columns, depth, columns);
    // Owners are disjoint, so pieces of the right number of points within reach are all of the halo.
    if (halo != (empty ? 0 : all - tile.rows.size() * tile.columns.size())) return "a halo is not covered once";
    for (const HaloPiece& piece : around_tile.sent) sent.emplace(std::pair(rank, piece.to), piece);
  }
  if (owned != rows * columns) return "a point is owned by none or by two";
  return sent == needed ? "" : "what is sent is not what is needed";
}

}  // namespace

TEST_CASE("every point of a heat grid is owned once and every halo point sent once, for any number of ranks") {
  for (std::uint64_t ranks = 1; ranks <= 40; ++ranks) {
    for (const auto& [rows, columns] : {std::pair{100, 100}, {7, 300}, {300, 7}, {5, 5}, {1, 1}, {1, 50}, {41, 2}}) {
      for (const std::uint64_t depth : {1, 3, 8}) {
        INFO(rows << " x " << columns << " on " << ranks << ", depth " << depth);
        REQUIRE(fault(static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), ranks, depth) == "");
      }
    }
  }
  for (const std::uint64_t ranks : {64, 101, 256, 509, 1000, 1024}) {
    INFO(ranks << " ranks");
    REQUIRE(fault(2048, 2048, ranks, 8) == "");
  }
}

TEST_CASE("strips of rows while they are thick, near squares beyond that, primes included") {
  CHECK(plan_heat(8192, 8192, 128).groups == 1);
  CHECK(plan_heat(8192, 8192, 1024).groups == 32);
  const auto groups = plan_heat(8192, 8192, 1021).groups;
  CHECK((groups > 24 && groups < 40));
  CHECK(plan_heat(8192, 100, 100).groups == 1);
}

TEST_CASE("messages of a rank fall as the number of steps a pass grows") {
  const Tiling tiling = plan_heat(4096, 4096, 4);
  CHECK(halo_of(tiling, 1, 1).needed.size() == 2);
  CHECK(halo_of(tiling, 1, 8).needed.size() == 2);  // for eight steps
}
