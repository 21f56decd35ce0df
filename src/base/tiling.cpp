#include "base/tiling.hpp"

#include <algorithm>

namespace concdemo {
namespace {

// count * part / parts without overflow.
std::uint64_t share_of(std::uint64_t count, std::uint64_t part, std::uint64_t parts) {
  return count / parts * part + count % parts * part / parts;
}

}  // namespace

Range common(Range a, Range b) {
  const std::uint64_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

Range parts_touched(std::uint64_t count, std::uint64_t parts, Range range) {
  const std::uint64_t base = count / parts, extra = count % parts;
  const std::uint64_t large = extra * (base + 1);
  const auto part_with = [&](std::uint64_t index) {
    return index < large ? index / (base + 1) : extra + (index - large) / base;
  };
  if (range.size() == 0) return {0, 0};
  return {part_with(range.begin), part_with(range.end - 1) + 1};
}

Range group_members(const Tiling& tiling, std::uint64_t group) { return part_of(tiling.ranks, tiling.groups, group); }

Range group_columns(const Tiling& tiling, std::uint64_t group) {
  const Range members = group_members(tiling, group);
  return {share_of(tiling.columns, members.begin, tiling.ranks), share_of(tiling.columns, members.end, tiling.ranks)};
}

Tile tile_of(const Tiling& tiling, std::uint64_t rank) {
  Tile tile;
  tile.group = parts_touched(tiling.ranks, tiling.groups, {rank, rank + 1}).begin;
  tile.members = group_members(tiling, tile.group);
  tile.rows = part_of(tiling.rows, tile.members.size(), rank - tile.members.begin);
  tile.columns = group_columns(tiling, tile.group);
  return tile;
}

}  // namespace concdemo
