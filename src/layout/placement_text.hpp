#pragma once
#include <optional>
#include <string>

#include "layout/placement.hpp"

namespace concdemo {

// What the placement costs: the rate of the whole job's threads as they are over that when placed by the advice.
struct PlacementCost {
  double ratio = 0;          // 0.5: half the speed
  std::string what;          // "FMA throughput"
  std::string not_measured;  // why, when it was not
};

// A line a rank, CPUs of each thread; ranks that are like the one before are counted, 32 lines at most.
std::string placement_table(const Placement& placement);

// A line of cells for every 8 cores: rank.thread in each core that one thread alone is bound to, rank.* where a rank's
// threads may move, "-" where the job is idle, nothing where it may not go. The first 4 nodes.
std::string placement_picture(const Placement& placement);

// A verdict a finding with what mends it; one line when there is none.
std::string findings_text(const Placement& placement, const std::vector<PlacementFinding>& findings,
                          const Advice& advice, const std::optional<PlacementCost>& cost);

std::string launch_text(const Advice& advice);  // three lines: OpenMP's variables, mpirun, srun

std::string ranks_text(const std::vector<int>& ranks);  // "rank 3", "ranks 0-3,8"; eight stretches at most

}  // namespace concdemo
