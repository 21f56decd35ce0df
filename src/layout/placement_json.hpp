#pragma once
#include <string>

#include "base/json.hpp"
#include "layout/placement.hpp"
#include "system/mpi.hpp"

namespace concdemo {

// Collective, after choose_layout: how this job's threads are placed; on rank 0 only, elsewhere without nodes.
Placement gather_placement(const mpi::Comm& world, int threads);

// A job described in JSON, for tests and for planning; usage Error for what cannot be read:
//   {"launcher": "mpirun", "threads_supported": true,
//    "nodes": [{"host": "n1", "hwloc": "pack:2 numa:1 core:56 pu:2", "quota": 0, "allocated": "0-111", "count": 1}],
//    "ranks": [{"node": 0, "count": 2, "threads": 4, "cpus": "0-3", "memory_nodes": "0"},
//              {"node": 1, "threads": ["0", "1"]}]}
// Left out: quota 0, all CPUs allocated, count 1, cpus all, memory anywhere. With a node's count of n the ranks that
// name it are on each of the n.
Placement described_placement(const std::string& json);

Json to_json(const Placement& placement, const std::vector<PlacementFinding>& findings, const Advice& advice);

}  // namespace concdemo
