#pragma once
#include <string>
#include <vector>

#include "layout/layout.hpp"
#include "layout/placement.hpp"

// Which layouts a job can form of itself, and where their threads go: pure functions of a description of the job.
namespace concdemo {

// Cores of one node for a sweep, and its ranks' slots: slot 0 is the node's first rank, the others by their cores.
struct SweepNode {
  std::vector<std::vector<int>> cores;  // CPUs of each core in the union of the masks, in the machine's order
  std::vector<int> slot_of_rank;        // by rank on the node
  int usable = 0;                       // cores that the job could have here
};
SweepNode cores_for_sweep(const NodeView& node);

// What all nodes of the job have: the least of any.
struct Allocation {
  int nodes = 1;
  int cores = 1;           // a node
  int slots = 1;           // ranks a node that the launch started
  int cores_left_out = 0;  // in all: cores the launch gave to no rank, and those beyond the least node's
  int numa_nodes = 1;
  int cpus_a_core = 1;
  LaunchStyle style = LaunchStyle::mpirun;
};

struct SweepLayout {
  int nodes = 1;
  int ranks_per_node = 1;
  int threads = 1;
  int ranks() const { return nodes * ranks_per_node; }
  int cores() const { return ranks() * threads; }
  bool operator==(const SweepLayout&) const = default;
};
std::string to_text(const SweepLayout& layout);  // "2 ranks x 4 threads", "2 nodes, 4 ranks a node x 1 thread"

struct SweepPlan {
  std::vector<SweepLayout> layouts;     // that this launch can form: those of all cores, then fewer and fewer cores
  std::vector<SweepLayout> unformable;  // of all cores, with more ranks a node than were launched
};
// All cores as every ranks x threads there is. For scaling, on 1, 2, 3, 4, 6, 8, 12, ... cores of one node, then nodes:
// the most threads and the most ranks.
SweepPlan plan_sweep(const Allocation& allocation);

// CPUs of each thread of the rank in this slot; none when it is parked. Cores are taken compactly from the first on.
std::vector<std::vector<int>> places_in(const SweepNode& node, int node_index, int slot, int slots,
                                        const SweepLayout& layout);

// The launch of just this layout; and one from which a sweep could form every layout.
Advice launch_of(const Allocation& allocation, const SweepLayout& layout);
Advice launch_of_sweep(const Allocation& allocation);

}  // namespace concdemo
