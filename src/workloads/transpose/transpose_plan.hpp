#pragma once
#include <cstdint>

#include "base/partition.hpp"

namespace concdemo {

// Who sends what to whom in B = A^T, A of m x n: rank p of P owns the p-th part of the rows of A and of the rows of B.
// The rows of B that a rank owns are cut into `panels`, which are finished one after the other; in each, round r of
// P - 1 takes a block of A from rank p - r and gives one to rank p + r; a block is cut along the rows of A into `cuts`,
// so that a piece stays in a core's cache. All numbers of steps are the same on every rank; near the edges pieces are
// empty.
struct TransposePlan {
  std::uint64_t m = 0, n = 0, ranks = 1;
  std::uint64_t panels = 1, cuts = 1;
  std::uint64_t piece_elements = 0;  // the largest piece

  Range rows_of_a(std::uint64_t rank) const { return part_of(m, ranks, rank); }
  Range rows_of_b(std::uint64_t rank) const { return part_of(n, ranks, rank); }
  Range panel_of(std::uint64_t rank, std::uint64_t panel) const;  // rows of B, which are columns of A
  std::uint64_t steps_in_panel() const { return (ranks - 1) * cuts; }
  std::uint64_t steps() const { return panels * steps_in_panel(); }
};

// A block of A on its way, in global indices.
struct TransposePiece {
  std::uint64_t from = 0, to = 0;
  Range rows, columns;
  bool empty() const { return rows.size() == 0 || columns.size() == 0; }
};

TransposePlan plan_transpose(std::uint64_t m, std::uint64_t n, std::uint64_t ranks);

// What a rank sends and receives in a step in [0, steps()); the sender's step is the receiver's.
TransposePiece piece_sent(const TransposePlan& plan, std::uint64_t rank, std::uint64_t step);
TransposePiece piece_received(const TransposePlan& plan, std::uint64_t rank, std::uint64_t step);

}  // namespace concdemo
