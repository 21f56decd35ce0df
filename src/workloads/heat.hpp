#pragma once
#include "workloads/heat_solver.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// Collective: fills the current array's tile with the start; throws usage Error where it has missing values.
LoadCounts load_heat(const Context& context, const Operand& start, HeatSolver& solver);

// Collective: the solver against the textbook loop, and the current array against the range of the array `start`. Sampled
// points of each rank, the corners of its tile among them: the part of the start that they depend on is loaded again,
// whatever rank has it, and advanced by the loop; the solver does the same number of steps (at most 64) from `start`.
Verification check_heat(const Context& context, const Problem& problem, HeatSolver& solver, std::size_t start);

}  // namespace concdemo
