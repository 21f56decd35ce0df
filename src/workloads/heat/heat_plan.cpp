#include "workloads/heat/heat_plan.hpp"

#include <algorithm>

namespace concdemo {
namespace {

Range grown_range(Range range, std::uint64_t by, std::uint64_t limit) {
  return {range.begin - std::min(range.begin, by), range.end + std::min(limit - range.end, by)};
}

HaloPiece piece_for(const Tiling& tiling, std::uint64_t from, const Tile& owner, std::uint64_t to, const Tile& needer,
                    std::uint64_t depth) {
  return {from, to, common(owner.rows, grown_range(needer.rows, depth, tiling.rows)),
          common(owner.columns, grown_range(needer.columns, depth, tiling.columns))};
}

}  // namespace

Tiling plan_heat(std::uint64_t rows, std::uint64_t columns, std::uint64_t ranks) {
  Tiling tiling{rows, columns, ranks, 1};
  if (rows / ranks >= least_strip_rows) return tiling;
  double least = -1;
  for (std::uint64_t groups = 1; groups <= std::min(ranks, std::max<std::uint64_t>(1, columns)); ++groups) {
    const double height =
        static_cast<double>(rows) / static_cast<double>(ranks / groups);  // of the thinner groups' tiles
    const double width = static_cast<double>(columns) / static_cast<double>(groups);
    if (least >= 0 && height + width >= least) continue;
    least = height + width;
    tiling.groups = groups;
  }
  return tiling;
}

Halo halo_of(const Tiling& tiling, std::uint64_t rank, std::uint64_t depth) {
  Halo halo;
  const Tile mine = tile_of(tiling, rank);
  if (mine.rows.size() == 0 || mine.columns.size() == 0) return halo;
  const Range rows = grown_range(mine.rows, depth, tiling.rows);
  const Range columns = grown_range(mine.columns, depth, tiling.columns);
  for (std::uint64_t group = 0; group < tiling.groups; ++group) {
    if (common(group_columns(tiling, group), columns).size() == 0) continue;
    const Range members = group_members(tiling, group);
    const Range near = parts_touched(tiling.rows, members.size(), rows);
    for (std::uint64_t member = near.begin; member < near.end; ++member) {
      const std::uint64_t other = members.begin + member;
      if (other == rank) continue;
      const Tile its = tile_of(tiling, other);
      halo.needed.push_back(piece_for(tiling, other, its, rank, mine, depth));
      halo.sent.push_back(piece_for(tiling, rank, mine, other, its, depth));
    }
  }
  return halo;
}

}  // namespace concdemo
