#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lessons/task.hpp"
#include "system/mpi.hpp"

namespace concdemo {

inline constexpr int most_connections = 256;  // at once, for the requests of a list

// Where the ways run.
struct Resources {
  const mpi::Comm& world;
  int threads = 1;        // of the ways inside one process, which is rank 0
  int rank_threads = 1;   // of each rank in ranks x threads
  std::vector<int> cpus;  // all that the ranks of this node may use together: one process's threads go to each of them
  std::function<double()> other_cpu_s = [] { return 0.0; };  // of this rank's threads that are not the ways'
};

using TaskResults = std::vector<std::uint64_t>;  // in the order of the tasks
using Run = std::function<TaskResults()>;        // does the tasks of a list once

// A way to do a list of tasks. To add one: its function and its line in the list of way.cpp.
struct Way {
  std::string name;
  bool on_all_ranks = false;  // prepare and run are collective, rank 0 has the results; else rank 0 alone calls them
  int (*workers)(const Resources&) = nullptr;
  Run (*prepare)(const Resources&, const TaskList&) = nullptr;  // threads and ranks are ready when the clock starts
};
std::span<const Way> ways();  // the first is serial, against which the others are measured

// Collective: CPUs that the ranks of this node may use together, ascending.
std::vector<int> cpus_of_node(const mpi::Comm& world);

// Moves this thread to other CPUs while it lives (threads made meanwhile inherit them); none: stays.
class OnCpus {
 public:
  explicit OnCpus(const std::vector<int>& cpus);
  ~OnCpus();
  OnCpus(const OnCpus&) = delete;
  OnCpus& operator=(const OnCpus&) = delete;

 private:
  std::vector<int> before_;
};

}  // namespace concdemo
