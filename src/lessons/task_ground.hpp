#pragma once
#include <optional>
#include <set>
#include <string>

#include "layout/layout.hpp"
#include "lessons/task.hpp"
#include "lessons/way.hpp"
#include "system/http_server.hpp"
#include "system/temporary_folder.hpp"

namespace concdemo {

struct TaskOptions {
  std::uint64_t count = 24;
  std::uint64_t numbers = 8'000'000;  // of a cpu task
  double latency_s = 0.02;            // of the server, and of a sleep
  std::string url;                    // of a real server; empty: the loopback server
};

// What the tasks stand on: a loopback server on each node, which goes with it, and a name for temporary files.
class TaskGround {
 public:
  // Collective; starts what these kinds need. Throws system Error where that cannot be, usage Error for TMPDIR.
  TaskGround(const mpi::Comm& world, const std::set<TaskKind>& kinds, const TaskOptions& options);

  TaskList tasks(TaskKind kind) const;
  double server_cpu_s() const;  // of this rank's server; 0 without one

 private:
  TaskOptions options_;
  std::optional<HttpServer> server_;
  std::string url_;
  std::optional<TemporaryFolder> folder_;  // of the file tasks
};

// Collective. Cores that the ranks of rank 0's node may use together, no more than their CPU quota, on every rank; and
// this node's CPUs.
struct NodeCores {
  int cores = 1;
  std::vector<int> cpus;
};
NodeCores cores_of_first_node(const mpi::Comm& world);

}  // namespace concdemo
