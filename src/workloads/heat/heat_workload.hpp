#pragma once
#include <functional>

#include "workloads/heat/heat_options.hpp"
#include "workloads/heat/heat_solver.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// The values that a run begins with, wherever they come from: fills out, which has the shape of the rectangle. Local.
using HeatStart = std::function<void(Range rows, Range columns, const MatrixSpan& out)>;

// Of a generated, given or stored grid. `counts`, where given, gets what was met. The operand outlives it.
HeatStart start_from(const Operand& operand, int threads, ConvertCounts* counts = nullptr);

// Collective: fills the current array's tile.
void load_start(const Context& context, const HeatStart& start, HeatSolver& solver);

// Collective: the current array, problem.steps steps after the start, against the start's range; and the solver against
// the textbook loop, in sampled points of every rank, the corners of its tile among them: the part of the start that
// they depend on is loaded again, whatever rank has it, and advanced by the loop for problem.steps steps; if those are
// more than 64, the solver does the first 64 again. Needs two arrays of the solver beside the current one; leaves
// another one current.
Verification check_heat(const Context& context, const Problem& problem, HeatSolver& solver, const HeatStart& start);

// Collective: 16 hex digits over the current array, the same for every layout.
std::string heat_checksum(const Context& context, const Problem& problem, const HeatSolver& solver);

Json heat_result(const HeatState& state, const std::string& checksum);

// Into a file of snapshots: the start, every --snapshot-every'th step and the last one.
extern const SeriesRunner heat_series;

}  // namespace concdemo
