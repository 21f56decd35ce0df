#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "layout/placement.hpp"

namespace concdemo {
namespace {

struct Core {
  int numa = 0;
  std::vector<int> cpus;
};

// The cores of a node that the job may use, in the machine's order.
std::vector<Core> cores_of(const PlacedNode& node) {
  std::map<int, Core> cores;
  for (const auto& cpu : node.hardware.cpus) {
    if (!std::binary_search(node.allocated.begin(), node.allocated.end(), cpu.number)) continue;
    cores[cpu.core].numa = cpu.numa;
    cores[cpu.core].cpus.push_back(cpu.number);
  }
  std::vector<Core> list;
  for (auto& entry : cores) list.push_back(std::move(entry.second));
  std::stable_sort(list.begin(), list.end(), [](const Core& a, const Core& b) { return a.numa < b.numa; });
  return list;
}

}  // namespace

Advice advise(const Placement& placement) {
  // The node with the fewest cores decides for all.
  int cores = 0, numa_nodes = 1, cpus_a_core = 1, ranks = 0;
  for (const PlacedNode& node : placement.nodes) {
    const auto own = cores_of(node);
    int usable = std::max(1, static_cast<int>(own.size()));
    if (node.quota > 0) usable = std::clamp(static_cast<int>(node.quota), 1, usable);
    ranks = std::max(ranks, static_cast<int>(node.ranks.size()));
    if (cores != 0 && usable >= cores) continue;
    cores = usable;
    numa_nodes = 0;
    int last = -1;
    for (const Core& core : own) {
      numa_nodes += core.numa != last ? 1 : 0;
      last = core.numa;
      cpus_a_core = std::max(cpus_a_core, static_cast<int>(core.cpus.size()));
    }
  }
  cores = std::max(cores, 1);
  if (placement.slurm_counts_cores) cpus_a_core = 1;
  const int nodes = std::max(1, static_cast<int>(placement.nodes.size()));
  const int ranks_per_node = std::clamp(ranks, 1, cores);
  return launch_well(nodes * ranks_per_node, ranks_per_node, std::max(1, cores / ranks_per_node), numa_nodes,
                     cpus_a_core, placement.style);
}

Advice launch_well(int ranks, int ranks_per_node, int threads, int numa_nodes, int cpus_a_core, LaunchStyle style) {
  Advice advice;
  advice.ranks_per_node = ranks_per_node;
  advice.threads = threads;
  const int nodes = (ranks + ranks_per_node - 1) / ranks_per_node;
  std::string map = nodes > 1 ? fmt::format("ppr:{}:node", ranks_per_node) : "slot";
  const bool spread = numa_nodes > 1 && ranks_per_node % numa_nodes == 0;
  if (spread) map = fmt::format("ppr:{}:numa", ranks_per_node / numa_nodes);
  advice.openmp = fmt::format("OMP_NUM_THREADS={} OMP_PLACES=cores OMP_PROC_BIND=close", threads);
  advice.mpirun = fmt::format("mpirun -n {} --map-by {}:PE={} --bind-to core", ranks, map, threads);
  if (style == LaunchStyle::hydra) {
    advice.mpirun = fmt::format("mpiexec -n {} -ppn {} -bind-to core:{}{}", ranks, ranks_per_node, threads,
                                spread ? " -map-by numa" : "");
  }
  // SLURM counts hyper-threads as CPUs unless told otherwise, Open MPI counts cores.
  advice.srun = fmt::format("srun -N {} -n {} -c {} --cpu-bind=cores", nodes, ranks, threads * cpus_a_core);
  return advice;
}

std::vector<std::vector<std::vector<int>>> place_well(const PlacedNode& node, const Advice& advice) {
  const auto cores = cores_of(node);
  std::vector<std::vector<std::vector<int>>> places;
  std::size_t next = 0;
  for (int rank = 0; rank < advice.ranks_per_node; ++rank) {
    auto& own = places.emplace_back();
    for (int thread = 0; thread < advice.threads && next < cores.size(); ++thread) own.push_back(cores[next++].cpus);
  }
  return places;
}

}  // namespace concdemo
