#pragma once
#include "layout/placement_text.hpp"
#include "system/mpi.hpp"

namespace concdemo {

// Collective, about a second: the same arithmetic (memory for findings of NUMA nodes) by the job's threads as they are
// and placed by the advice. `placement`, `findings` and `advice` count on rank 0. Leaves threads pinned: the last thing
// done.
PlacementCost measure_placement_cost(const mpi::Comm& world, const Placement& placement,
                                     const std::vector<PlacementFinding>& findings, const Advice& advice, int threads);

}  // namespace concdemo
