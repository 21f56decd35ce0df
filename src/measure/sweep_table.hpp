#pragma once
#include <string>
#include <vector>

#include "measure/sweep_verdict.hpp"

// What a person reads of a sweep.
namespace concdemo {

// A line a layout, the fastest first: cores, median time, its spread over rounds, rate, share of the peak, parallel
// efficiency. `most` lines a workload.
std::string sweep_table(const SweptWorkload& workload, const Ceilings& ceilings, std::size_t most = 40);

// Rates in percent of the best as a grid, ranks a node down and threads across, on all nodes; shaded @ # + - . by
// fifths of the best; "" where there are fewer than two.
std::string heat_map(const SweptWorkload& workload);

// The winner, its margin and whether that exceeds the noise, the layouts that are as good, what limits the workload,
// the scaling model and the launch line; of a single layout only what limits it.
std::string verdict_text(const SweptWorkload& workload, const Ceilings& ceilings, const Allocation& allocation);

// The layout that is best for all workloads together, by the geometric mean of rates over the best; "" for one
// workload, or where one was measured on one layout only.
std::string best_of_all(const std::vector<SweptWorkload>& workloads, const Allocation& allocation);

// What this launch cannot form, and the line that could; "" when nothing is missing.
std::string missing_text(const Allocation& allocation, const SweepPlan& plan);

}  // namespace concdemo
