#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "layout/layout.hpp"
#include "layout/placement_json.hpp"
#include "system/topology.hpp"

namespace concdemo {

using nlohmann::json;
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hardware::Cpu, number, core, numa, package)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hardware, cpus, cores, numa_nodes, packages)

namespace {

std::vector<std::vector<int>> masks_of_team(int threads) {
  std::vector<std::vector<int>> masks(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
  masks[static_cast<std::size_t>(omp_get_thread_num())] = allowed_cpus();
  return masks;
}

std::vector<int> list_of(const json& text) { return parse_list(text.get<std::string>()).value_or(std::vector<int>{}); }

}  // namespace

Placement gather_placement(const mpi::Comm& world, int threads) {
  const mpi::Comm node = world.split_by_node();
  json mine{{"node", node.broadcast_value(world.rank())},
            {"threads", json::array()},
            {"open", format_list(cpus_for_the_asking(world))},
            {"memory", format_list(memory_nodes())}};
  for (const auto& mask : masks_of_team(threads)) mine["threads"].push_back(format_list(mask));
  if (node.is_root()) mine.update({{"host", host_name()}, {"quota", cpu_quota()}, {"hardware", this_hardware()}});

  Placement placement;
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  placement.style = launch_style(environment, mpi::library_version());
  placement.slurm_counts_cores = slurm_counts_cores(environment);
  std::map<int, std::size_t> node_of;  // by the number of a node's first rank
  int number = 0;
  for (const std::string& text : world.gather(mine.dump())) {
    const json told = json::parse(text);
    if (told.contains("hardware")) {
      node_of[told["node"].get<int>()] = placement.nodes.size();
      placement.nodes.push_back({told["host"], told["hardware"].get<Hardware>(), {}, told["quota"], {}, {}});
    }
    PlacedNode& place = placement.nodes[node_of.at(told["node"].get<int>())];
    PlacedRank rank;
    for (const json& thread : told["threads"]) rank.thread_cpus.push_back(list_of(thread));
    rank.memory_nodes = list_of(told["memory"]);
    for (const auto& mask : rank.thread_cpus) place.allocated.insert(place.allocated.end(), mask.begin(), mask.end());
    const auto open = list_of(told["open"]);
    place.allocated.insert(place.allocated.end(), open.begin(), open.end());
    std::sort(place.allocated.begin(), place.allocated.end());
    place.allocated.erase(std::unique(place.allocated.begin(), place.allocated.end()), place.allocated.end());
    place.ranks.push_back(std::move(rank));
    place.rank_numbers.push_back(number++);
  }
  return placement;
}

}  // namespace concdemo
