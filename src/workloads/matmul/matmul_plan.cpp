#include "workloads/matmul/matmul_plan.hpp"

#include <algorithm>

#include "kernels/matmul.hpp"

namespace concdemo {
namespace {

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0); }

Tiling tiling_of(const MatmulPlan& plan) { return {plan.m, plan.n, plan.ranks, plan.groups}; }

Range group_ranks(const MatmulPlan& plan, std::uint64_t group) { return group_members(tiling_of(plan), group); }

// A's strips go round the groups: each turn of P strips gives every group as many as it has ranks.
struct Turn {
  std::uint64_t group;
  std::uint64_t before;  // strips of this group before
};
Turn turn_of(const MatmulPlan& plan, std::uint64_t strip) {
  const std::uint64_t least = plan.ranks / plan.groups;
  const std::uint64_t round = strip / plan.ranks, at = strip % plan.ranks;
  const std::uint64_t group = at < least * plan.groups ? at % plan.groups : at - least * plan.groups;
  const std::uint64_t size = group_ranks(plan, group).size();
  return {group, round * size + (at < least * plan.groups ? at / plan.groups : least)};
}

// Of the first `count` strips of A, those of a group.
std::uint64_t turns_of(const MatmulPlan& plan, std::uint64_t group, std::uint64_t count) {
  const std::uint64_t least = plan.ranks / plan.groups, regular = least * plan.groups;
  const std::uint64_t rest = count % plan.ranks, in_turn = std::min(rest, regular);
  const std::uint64_t begun = in_turn / plan.groups + (in_turn % plan.groups > group) + (rest > regular + group);
  return count / plan.ranks * group_ranks(plan, group).size() + begun;
}

// Elements that a rank of a group of `size` ranks receives at most.
double volume(const MatmulPlan& plan, std::uint64_t size) {
  const auto m = static_cast<double>(plan.m), k = static_cast<double>(plan.k), n = static_cast<double>(plan.n);
  const auto all = static_cast<double>(plan.ranks), group = static_cast<double>(size);
  return m / group * k * (1 - group / all) + n * group / all * k * (1 - 1 / group);
}

std::uint64_t least_volume_groups(MatmulPlan plan) {
  std::uint64_t best = 1;
  double least = -1;
  for (plan.groups = 1; plan.groups <= plan.ranks; ++plan.groups) {
    const std::uint64_t small = plan.ranks / plan.groups;
    const double worst = std::max(volume(plan, small), volume(plan, ceil_div(plan.ranks, plan.groups)));
    // Of equals the fewest groups: their rows of C are the longest.
    if (least >= 0 && worst >= least * 0.999) continue;
    least = worst;
    best = plan.groups;
  }
  return best;
}

// `owners` take turns.
std::uint64_t strip_depth(std::uint64_t k, std::uint64_t owners, Strips strips) {
  if (owners == 1) return std::max<std::uint64_t>(k, 1);
  if (strips == Strips::whole) {
    return std::max<std::uint64_t>(1, ceil_div(ceil_div(k, owners), matmul_block_k)) * matmul_block_k;
  }
  std::uint64_t depth = matmul_block_k;
  while (depth > 8 && depth * owners > matmul_block_k) depth /= 2;
  return depth;
}

Range strip_range(const MatmulPlan& plan, std::uint64_t depth, std::uint64_t strip) {
  return {std::min(plan.k, strip * depth), std::min(plan.k, (strip + 1) * depth)};
}

// The strips that a stretch of k touches.
Range strips_touched(Range k, std::uint64_t depth) {
  return k.size() == 0 ? Range{} : Range{k.begin / depth, (k.end - 1) / depth + 1};
}

std::uint64_t depth_of(const MatmulPlan& plan, Matrix matrix) {
  return matrix == Matrix::a ? plan.strip_a : plan.strip_b;
}

// A group of one rank keeps its columns of B in turns of one, which is all of it.
std::uint64_t owner_of_b(const Tile& place, std::uint64_t strip) {
  return place.members.begin + strip % place.members.size();
}

}  // namespace

MatmulPlan plan_matmul(std::uint64_t m, std::uint64_t k, std::uint64_t n, std::uint64_t ranks, Strips strips) {
  MatmulPlan plan{m, k, n, ranks, 1, 0, 0};
  plan.groups = least_volume_groups(plan);
  const bool equal = ranks % plan.groups == 0;
  plan.strip_a = strip_depth(k, plan.groups == 1 || equal ? plan.groups : ranks, strips);
  plan.strip_b = strip_depth(k, ceil_div(ranks, plan.groups), strips);
  return plan;
}

Tile place_of(const MatmulPlan& plan, std::uint64_t rank) { return tile_of(tiling_of(plan), rank); }

std::vector<MatrixPart> pieces_needed(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank, Range k) {
  const Tile place = place_of(plan, rank);
  std::vector<MatrixPart> pieces;
  if (place.rows.size() == 0 || place.columns.size() == 0) return pieces;
  const std::uint64_t depth = depth_of(plan, matrix);
  const Range touched = strips_touched(k, depth);
  for (std::uint64_t strip = touched.begin; strip < touched.end; ++strip) {
    const Range part = common(strip_range(plan, depth, strip), k);
    if (matrix == Matrix::b) {
      pieces.push_back({matrix, owner_of_b(place, strip), rank, part, place.columns});
      continue;
    }
    const Range members = group_ranks(plan, turn_of(plan, strip).group);
    const Range owners = parts_touched(plan.m, members.size(), place.rows);
    for (std::uint64_t owner = owners.begin; owner < owners.end; ++owner) {
      const Range rows = common(part_of(plan.m, members.size(), owner), place.rows);
      pieces.push_back({matrix, members.begin + owner, rank, rows, part});
    }
  }
  return pieces;
}

std::vector<MatrixPart> pieces_sent(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank, Range k) {
  const Tile place = place_of(plan, rank);
  const std::uint64_t depth = depth_of(plan, matrix);
  const Range touched = strips_touched(k, depth);
  std::vector<MatrixPart> pieces;
  for (std::uint64_t strip = touched.begin; strip < touched.end; ++strip) {
    const Range part = common(strip_range(plan, depth, strip), k);
    if (matrix == Matrix::b) {
      if (owner_of_b(place, strip) != rank || place.columns.size() == 0) continue;
      for (std::uint64_t to = place.members.begin; to < place.members.end; ++to) {
        if (to == rank || part_of(plan.m, place.members.size(), to - place.members.begin).size() == 0) continue;
        pieces.push_back({matrix, rank, to, part, place.columns});
      }
      continue;
    }
    if (turn_of(plan, strip).group != place.group) continue;
    for (std::uint64_t group = 0; group < plan.groups; ++group) {
      const Range members = group_ranks(plan, group);
      if (group == place.group || group_columns(tiling_of(plan), group).size() == 0) continue;
      const Range needing = parts_touched(plan.m, members.size(), place.rows);
      for (std::uint64_t to = needing.begin; to < needing.end; ++to) {
        const Range rows = common(part_of(plan.m, members.size(), to), place.rows);
        pieces.push_back({matrix, rank, members.begin + to, rows, part});
      }
    }
  }
  return pieces;
}

std::vector<Strip> strips_owned(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank) {
  const Tile place = place_of(plan, rank);
  const std::uint64_t depth = depth_of(plan, matrix);
  std::vector<Strip> owned;
  std::uint64_t offset = 0;
  const std::uint64_t count = ceil_div(plan.k, depth);
  for (std::uint64_t strip = 0; strip < count; ++strip) {
    const bool turn = turn_of(plan, strip).group == place.group;
    if (!(matrix == Matrix::a ? turn : owner_of_b(place, strip) == rank)) continue;
    const Range k = strip_range(plan, depth, strip);
    owned.push_back(matrix == Matrix::a ? Strip{place.rows, k, offset} : Strip{k, place.columns, offset});
    offset += owned.back().rows.size() * owned.back().columns.size();
  }
  return owned;
}

std::uint64_t part_elements(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank) {
  const Tile place = place_of(plan, rank);
  const std::uint64_t depth = depth_of(plan, matrix), count = ceil_div(plan.k, depth);
  const auto owned_of_first = [&](std::uint64_t strips) {
    if (matrix == Matrix::a) return turns_of(plan, place.group, strips);
    return (strips + place.members.size() - 1 - (rank - place.members.begin)) / place.members.size();
  };
  if (count == 0) return 0;
  const std::uint64_t before = owned_of_first(count - 1);  // of whole strips: the last may be thinner
  const std::uint64_t last = (owned_of_first(count) - before) * (plan.k - (count - 1) * depth);
  return (before * depth + last) * (matrix == Matrix::a ? place.rows : place.columns).size();
}

Position position_of(const MatmulPlan& plan, const MatrixPart& piece) {
  const Tile place = place_of(plan, piece.from);
  if (piece.matrix == Matrix::b) {
    const std::uint64_t strip = piece.rows.begin / plan.strip_b;
    const std::uint64_t row = strip / place.members.size() * plan.strip_b + piece.rows.begin % plan.strip_b;
    const std::uint64_t width = place.columns.size();
    return {row * width + (piece.columns.begin - place.columns.begin), width};
  }
  const std::uint64_t strip = piece.columns.begin / plan.strip_a;
  const Range k = strip_range(plan, plan.strip_a, strip);
  const std::uint64_t offset = turn_of(plan, strip).before * plan.strip_a * place.rows.size();
  return {offset + (piece.rows.begin - place.rows.begin) * k.size() + (piece.columns.begin - k.begin), k.size()};
}

std::uint64_t end_of_strips(const MatmulPlan& plan, std::uint64_t rank, std::uint64_t begin) {
  const bool whole_b = place_of(plan, rank).members.size() == 1;  // its strips lie one after another
  const auto end = [&](std::uint64_t depth) { return (begin / depth + 1) * depth; };
  return std::min({plan.k, end(plan.strip_a), whole_b ? plan.k : end(plan.strip_b)});
}

}  // namespace concdemo
