#include "workloads/transpose/transpose_plan.hpp"

#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("every element of A reaches the owner of its column once, in steps that sender and receiver share") {
  for (const std::uint64_t ranks : {1, 2, 3, 4, 7, 16, 31}) {
    for (const auto& shape : {std::pair{0, 5}, {1, 1}, {5, 0}, {7, 3}, {400, 1}, {1, 400}, {500, 301}, {3000, 40}}) {
      const int m = shape.first, n = shape.second;  // not bindings: a lambda captures them
      const TransposePlan plan = plan_transpose(m, n, ranks);
      std::vector<int> arrived(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
      const auto arrive = [&](Range rows, Range columns) {
        for (std::uint64_t i = rows.begin; i < rows.end; ++i)
          for (std::uint64_t j = columns.begin; j < columns.end; ++j) ++arrived[i * static_cast<std::uint64_t>(n) + j];
      };
      bool paired = true, kept = true;
      for (std::uint64_t rank = 0; rank < ranks; ++rank) {
        arrive(plan.rows_of_a(rank), plan.rows_of_b(rank));  // its own block stays
        for (std::uint64_t step = 0; step < plan.steps(); ++step) {
          const TransposePiece piece = piece_received(plan, rank, step);
          const TransposePiece sent = piece_sent(plan, piece.from, step);
          paired = paired && piece.from != rank && sent.to == rank && sent.rows == piece.rows &&
                   sent.columns == piece.columns;
          const Range panel = plan.panel_of(rank, step / plan.steps_in_panel());
          kept = kept && piece.columns == panel && piece.rows.size() * piece.columns.size() <= plan.piece_elements;
          arrive(piece.rows, piece.columns);
        }
      }
      INFO(m << " x " << n << " on " << ranks << " ranks");
      CHECK(paired);
      CHECK(kept);
      CHECK(arrived == std::vector<int>(arrived.size(), 1));
    }
  }
}

TEST_CASE("pieces stay in a cache whatever the size, and a thousand ranks have as many rounds") {
  for (const std::uint64_t ranks : {2, 3, 64, 1024}) {
    for (const auto& [m, n] : {std::pair{8192, 8192}, {1'000'000, 64}, {64, 1'000'000}, {200'000, 200'000}}) {
      const TransposePlan plan = plan_transpose(m, n, ranks);
      INFO(m << " x " << n << " on " << ranks << " ranks");
      CHECK(plan.piece_elements <= 40'000);
      CHECK(plan.steps() >= ranks - 1);
      const std::uint64_t least = (plan.rows_of_a(0).size() * plan.rows_of_b(0).size() * (ranks - 1)) / 40'000;
      CHECK(plan.steps() <= 2 * (least + ranks) + 2);  // and are not cut smaller than that
    }
  }
}
