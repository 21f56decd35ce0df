#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "layout/sweep_plan.hpp"

// Layouts formed inside one job: some of its ranks are active with the cores of their neighbours, the others are parked
// in a barrier that polls and sleeps.
namespace concdemo {

// Set by a process that has executed itself again: the CPUs that it had before.
inline constexpr const char* own_cpus_variable = "CONCDEMO_OWN_CPUS";

// Before MPI starts: libgomp counts the CPUs of a process when it is loaded, and a team of more threads than that goes
// to sleep at every join (28 us where 0.8 would do). So the process widens its mask and executes itself again; OpenMP's
// own variables of binding are taken out. Returns when that was done before, is not needed or cannot be.
void restart_with_all_cpus();

// A job that can form layouts of itself. All calls are collective over the ranks it was made with.
class Formation {
 public:
  explicit Formation(const mpi::Comm& world);  // gives ranks back the CPUs that the launcher gave them

  const Allocation& allocation() const { return allocation_; }

  // Runs `work` on the active ranks, in a communicator of theirs (rank 0 is rank 0 of it), with the team pinned; all
  // return when it is over, or throw its Error. A rank that fails alone ends the job.
  void run_as(const SweepLayout& layout, const std::function<void(const mpi::Comm& active, int threads)>& work);

 private:
  struct Active {
    SweepLayout layout;
    mpi::Comm comm;                             // the active ranks; on parked ranks the parked ones
    std::vector<std::vector<int>> thread_cpus;  // none: parked
  };
  const Active& form(const SweepLayout& layout);

  const mpi::Comm& world_;
  mpi::Comm agreement_;  // its own, so that ending never meets a collective of the work
  Allocation allocation_;
  SweepNode node_;
  std::vector<int> own_cpus_;
  int node_index_ = 0;
  int slot_ = 0;
  std::vector<Active> formed_;
};

}  // namespace concdemo
