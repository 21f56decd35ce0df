#include "workloads/transpose/transpose_plan.hpp"

#include <algorithm>

namespace concdemo {
namespace {

// Long runs of a row of A, and of a row of B; 256 KiB together.
constexpr std::uint64_t run_of_a = 256, run_of_b = 128;
constexpr std::uint64_t most_elements = run_of_a * run_of_b;

std::uint64_t parts_of_size(std::uint64_t count, std::uint64_t size) { return (count + size - 1) / size; }

Range within(Range whole, std::uint64_t parts, std::uint64_t index) {
  const Range part = part_of(whole.size(), parts, index);
  return {whole.begin + part.begin, whole.begin + part.end};
}

TransposePiece piece(const TransposePlan& plan, std::uint64_t from, std::uint64_t to, std::uint64_t step) {
  return {from, to, within(plan.rows_of_a(from), plan.cuts, step % plan.cuts),
          plan.panel_of(to, step / plan.steps_in_panel())};
}

std::uint64_t round_of(const TransposePlan& plan, std::uint64_t step) {
  return step % plan.steps_in_panel() / plan.cuts + 1;
}

}  // namespace

Range TransposePlan::panel_of(std::uint64_t rank, std::uint64_t panel) const {
  return within(rows_of_b(rank), panels, panel);
}

TransposePlan plan_transpose(std::uint64_t m, std::uint64_t n, std::uint64_t ranks) {
  TransposePlan plan{m, n, ranks};
  // Rank 0 has the largest parts. Where they are thin one way, pieces are longer the other way.
  const std::uint64_t height = std::max<std::uint64_t>(1, plan.rows_of_a(0).size());
  const std::uint64_t width = std::max<std::uint64_t>(1, plan.rows_of_b(0).size());
  const std::uint64_t rows = std::min(height, std::max(run_of_b, most_elements / std::min(width, run_of_a)));
  const std::uint64_t columns = std::min(width, std::max(run_of_a, most_elements / rows));
  plan.cuts = parts_of_size(height, rows);
  plan.panels = parts_of_size(width, columns);
  plan.piece_elements = parts_of_size(height, plan.cuts) * parts_of_size(width, plan.panels);
  return plan;
}

TransposePiece piece_sent(const TransposePlan& plan, std::uint64_t rank, std::uint64_t step) {
  return piece(plan, rank, (rank + round_of(plan, step)) % plan.ranks, step);
}

TransposePiece piece_received(const TransposePlan& plan, std::uint64_t rank, std::uint64_t step) {
  return piece(plan, (rank + plan.ranks - round_of(plan, step)) % plan.ranks, rank, step);
}

}  // namespace concdemo
