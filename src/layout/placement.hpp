#pragma once
#include <string>
#include <vector>

#include "base/launcher.hpp"
#include "system/topology_node.hpp"

// Where the threads of a job may run, and what is wrong with it: pure functions of a description of the job.
namespace concdemo {

struct PlacedRank {
  std::vector<std::vector<int>> thread_cpus;  // CPUs each thread may run on, ascending
  std::vector<int> memory_nodes;              // NUMA nodes its memory is bound to; empty: first touch
};

struct PlacedNode {
  std::string host;
  Hardware hardware;
  std::vector<int> allocated;     // CPUs the job may use, ascending; a superset of what its threads may
  double quota = 0;               // CPUs' worth of time; 0: unlimited
  std::vector<PlacedRank> ranks;  // in rank order
  std::vector<int> rank_numbers;  // in the job, ascending
};

struct Placement {
  std::vector<PlacedNode> nodes;
  LaunchStyle style = LaunchStyle::mpirun;
  bool slurm_counts_cores = false;  // srun's -c, not hyper-threads
  bool threads_supported = true;    // by the MPI library
};

struct PlacementFinding {
  std::string kind;        // "threads-outnumber-cpus"
  std::string text;        // what is wrong, on the first node that has it
  std::vector<int> ranks;  // all it concerns, ascending
  int nodes = 1;           // that have it
};

// The launch that places a job of this many ranks a node well, or of fewer where they outnumber the cores.
struct Advice {
  int ranks_per_node = 1;
  int threads = 1;
  std::string mpirun;        // "mpirun -n 4 --map-by ...", or where that is the job's launcher "mpiexec -n 4 -ppn ..."
  std::string srun, openmp;  // "srun -N 1 ...", "OMP_NUM_THREADS=2 ..."
};

// The worst first; empty when nothing is wrong. Hyper-threads used beside busy cores, unbound ranks with a core for
// each thread, and a rank on several NUMA nodes that fits on no fewer are not wrong. Linear in ranks times CPUs of a
// node.
std::vector<PlacementFinding> judge(const Placement& placement);
Advice advise(const Placement& placement);
// The launch of so many ranks x threads, a core a thread; spread over the NUMA nodes where their number divides the
// ranks.
Advice launch_well(int ranks, int ranks_per_node, int threads, int numa_nodes, int cpus_a_core, LaunchStyle style);

// CPUs of each rank's threads on a node when placed by the advice: a core a thread, neighbours on neighbouring cores.
std::vector<std::vector<std::vector<int>>> place_well(const PlacedNode& node, const Advice& advice);

}  // namespace concdemo
