#pragma once
#include <cstdint>
#include <vector>

#include "kernels/heat.hpp"
#include "kernels/matrix.hpp"
#include "system/array.hpp"
#include "workloads/heat/heat_plan.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// What is told of a grid at one moment; exact sums over all points, rounded once.
struct HeatState {
  double total = 0;   // sum of all values
  double change = 0;  // root of the sum of the squares of (value - value one step before); NaN where no step was taken
};

// The heat equation on a grid that is cut over the ranks (heat_plan.hpp). A rank holds its tile, with a halo as wide as
// a pass has steps, in several arrays: a pass reads one and writes another; others may be lent out meanwhile.
class HeatSolver {
 public:
  static constexpr std::uint64_t steps_a_pass = 8;

  // Collective. `arrays`: at least 2, and one more for each that is lent.
  HeatSolver(const Context& context, std::uint64_t rows, std::uint64_t columns, double alpha, std::size_t arrays);

  const Tile& tile() const { return tile_; }
  MatrixSpan values();  // the tile of the current array, to be filled before the first step
  MatrixView values(std::size_t array) const;

  std::size_t current() const { return current_; }
  std::size_t unused() const;  // the first that is neither current nor lent
  void go_back_to(std::size_t array) { current_ = array; }
  // A lent array keeps its values until it is given back. There must be one left that is neither lent nor current.
  void lend(std::size_t array) { lent_.push_back(array); }
  void give_back_all_but(std::size_t newest) {
    lent_.erase(lent_.begin(), lent_.end() - static_cast<std::ptrdiff_t>(newest));
  }
  void give_back_newest() { lent_.pop_back(); }

  void advance(std::uint64_t steps);  // collective
  // Collective; what the last step changed is known where `observed`, that is when that step was taken by itself:
  // advance(1).
  HeatState state(bool observed) const;

 private:
  void pass(std::uint64_t steps);
  Window window(Range rows, Range columns) const;
  double* at(std::size_t array, Range rows, Range columns);

  Context context_;
  Tiling tiling_;
  Tile tile_;
  double alpha_;
  std::uint64_t left_;  // columns before the tile in an array's rows; whole cache lines
  std::size_t stride_;
  std::vector<Array> arrays_;
  std::vector<std::size_t> lent_;  // oldest first
  std::size_t current_ = 0;
  std::size_t previous_ = 0;  // of the last pass
};

// Bytes of the arrays of the most loaded rank.
std::uint64_t heat_memory_bytes(std::uint64_t rows, std::uint64_t columns, int ranks, std::size_t arrays);

}  // namespace concdemo
