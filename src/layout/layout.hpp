#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/launcher.hpp"
#include "system/mpi.hpp"

// Where threads go: the rule as a pure function of the masks of a node, and the choice for this job.
namespace concdemo {

// One node as its ranks see it, in rank order.
struct NodeView {
  std::vector<std::vector<int>> rank_cpus;  // CPUs each rank may run on
  std::map<int, int> core_of_cpu;           // physical core of each CPU; one that is missing is a core of its own
  double quota = 0;                         // CPUs' worth of time for the whole node; 0: unlimited
  std::vector<int> usable_cpus;             // CPUs the job could use if it asked for them; empty: unknown
  std::vector<int> given_threads;           // threads that the user asked for, by rank; empty or 0: the rule decides
  int world_ranks = 0;                      // ranks of the whole job and the number of the node's first, for messages
  int first_rank = 0;
  LaunchStyle style = LaunchStyle::mpirun;  // whose options the messages show
  bool slurm_counts_cores = false;          // srun's -c, not hyper-threads
  bool bound_by_openmp = false;             // OMP_PROC_BIND and its like place the threads within the masks
};

// Sorts by core; a CPU of which nothing is known is a core of its own, after the others.
std::pair<int, int> core_key(const NodeView& node, int cpu);

struct RankLayout {
  int threads = 1;
  std::vector<std::vector<int>> thread_cpus;  // CPUs of each thread; empty: not pinned
};

struct NodeLayout {
  std::vector<RankLayout> ranks;
  int cores = 0;                      // physical cores in the union of the masks
  std::vector<std::string> warnings;  // the worst first
};

// The rule: threads = physical cores in the union of the masks (at most the quota) / ranks, at least 1, at most the
// cores of the rank's own mask. Masks that share no core are left alone. Masks that do are divided, each thread on a
// core of its rank's mask that no other thread has; where the masks leave less than the share, the poorest rank gets
// the most that is possible. More ranks than cores: one thread each, not pinned. Given threads are neither divided nor
// pinned.
NodeLayout lay_out(const NodeView& node);

// One rank's place, for people.
struct RankPlace {
  std::string host;
  int rank = 0;
  int threads = 1;
  std::string cpus;  // "0-3,8"
};

struct Layout {
  int nodes = 1;
  int ranks = 1;
  int threads = 1;                    // of this rank
  std::vector<int> cpus;              // that this rank's threads run on
  std::string explanation;            // one line about the first node, rank 0 only
  std::vector<RankPlace> places;      // rank 0 only
  std::vector<std::string> warnings;  // the worst first; rank 0 only
};

// Collective, called once by the main thread before other threads exist. threads_option: --threads, 0 when not given;
// then OMP_NUM_THREADS, then the rule. Sets OpenMP's number of threads, and pins its team where masks are divided,
// unless OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY is set: the main thread, and with it every thread made
// afterwards, to all cores of the rank, the other threads to one each. Throws usage Error for a number of threads that
// cannot be.
Layout choose_layout(const mpi::Comm& world, int threads_option);

// Collective over both: this node as lay_out wants it. `given`: threads that a user gave this rank.
NodeView view_node(const mpi::Comm& world, const mpi::Comm& node, int given);

// Whether OpenMP's own variables place threads (OMP_PROC_BIND and its like).
bool user_places_threads();
inline constexpr const char* binding_variables[] = {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"};

// Each thread of an OpenMP team to its CPUs, the main thread to those of all: threads that the OpenMP runtime or
// std::thread makes later inherit its mask (libgomp ends threads that a smaller team does not need, and makes new ones
// for a larger team), and must not all sit on one core. False when the system refuses.
bool pin_team(const std::vector<std::vector<int>>& thread_cpus, int threads);

// CPUs of this process. Where OpenMP binds threads, its runtime has already moved the main thread to one place of many.
std::vector<int> own_cpus();

// CPUs of this node that better launch options, or OpenMP's without a launcher, would give; empty where nobody can tell
// or nobody chose.
std::vector<int> cpus_for_the_asking(const mpi::Comm& world);

}  // namespace concdemo
