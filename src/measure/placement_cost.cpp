#include "measure/placement_cost.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/text.hpp"
#include "kernels/peaks.hpp"
#include "measure/measure.hpp"
#include "system/array.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

constexpr int repeats = 5;
constexpr int fma_steps = 2'000'000;                        // a thread; some 10 ms
constexpr std::uint64_t elements = std::uint64_t{1} << 22;  // 32 MiB a thread
constexpr int passes = 4;

// Flops or bytes a second of all ranks' threads at once; a rank without threads waits.
double rate(const mpi::Comm& world, int threads, bool memory) {
  Array buffer;
  mpi::together(world, [&] {
    if (!memory || threads == 0) return;
    buffer = touched_array(elements * static_cast<std::uint64_t>(threads), threads);
  });
  double work = 0;
  const Samples samples = measure(world, 1, repeats, [&](bool) {
    work = memory || threads == 0 ? 0 : fma_chains(threads, fma_steps);
    for (int i = 0; memory && threads > 0 && i < passes; ++i) work += memory_pass(Pass::read, buffer.span(), threads);
  });
  double all[] = {work};
  world.sum(std::span<double>(all));
  return all[0] / samples.median();
}

// The places of every rank by the advice, as rank 0 tells them: "0 1;2 3" is two threads.
std::vector<std::vector<int>> own_places(const mpi::Comm& world, const Placement& placement, const Advice& advice) {
  Json all = Json::array();
  if (world.is_root()) {
    all = std::vector<Json>(static_cast<std::size_t>(world.size()), Json::array());
    for (const PlacedNode& node : placement.nodes) {
      const auto places = place_well(node, advice);
      for (std::size_t i = 0; i < std::min(places.size(), node.ranks.size()); ++i) {
        all[static_cast<std::size_t>(node.rank_numbers[i])] = places[i];
      }
    }
  }
  const Json told = Json::parse(world.broadcast(all.dump()));
  return told[static_cast<std::size_t>(world.rank())].get<std::vector<std::vector<int>>>();
}

}  // namespace

PlacementCost measure_placement_cost(const mpi::Comm& world, const Placement& placement,
                                     const std::vector<PlacementFinding>& findings, const Advice& advice, int threads) {
  const auto is_about_memory = [](const PlacementFinding& finding) {
    return finding.kind == "memory-far" || finding.kind == "rank-across-numa-nodes";
  };
  const bool memory =
      world.broadcast_value(!findings.empty() && std::all_of(findings.begin(), findings.end(), is_about_memory));
  PlacementCost cost;
  cost.what = memory ? "read bandwidth" : "FMA throughput";
  const auto places = own_places(world, placement, advice);
  const double as_placed = rate(world, threads, memory);
  const int team = static_cast<int>(places.size());
  std::atomic<bool> pinned = true;
  if (team > 0) {
#pragma omp parallel num_threads(team)
    {
      if (!pin_this_thread(places[static_cast<std::size_t>(omp_get_thread_num())])) pinned = false;
    }
  }
  if (world.min(std::uint64_t{pinned ? 1U : 0U}) == 0) {
    cost.not_measured = "the system does not let these processes move to the better CPUs";
    return cost;
  }
  cost.ratio = as_placed / rate(world, team, memory);
  return cost;
}

}  // namespace concdemo
