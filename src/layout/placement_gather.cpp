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
namespace {

std::vector<std::vector<int>> masks_of_team(int threads) {
  std::vector<std::vector<int>> masks(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
  masks[static_cast<std::size_t>(omp_get_thread_num())] = allowed_cpus();
  return masks;
}

Json to_json(const Hardware& hardware) {
  Json cpus = Json::array();
  for (const auto& cpu : hardware.cpus) cpus.push_back({cpu.number, cpu.core, cpu.numa, cpu.package});
  return {{"cpus", cpus}, {"cores", hardware.cores}, {"numa", hardware.numa_nodes}, {"packages", hardware.packages}};
}

Hardware hardware_of(const Json& json) {
  Hardware hardware;
  for (const Json& cpu : json["cpus"]) hardware.cpus.push_back({cpu[0], cpu[1], cpu[2], cpu[3]});
  hardware.cores = json["cores"];
  hardware.numa_nodes = json["numa"];
  hardware.packages = json["packages"];
  return hardware;
}

std::vector<int> list_of(const Json& json) { return parse_list(json.get<std::string>()).value_or(std::vector<int>{}); }

}  // namespace

Placement gather_placement(const mpi::Comm& world, int threads) {
  const mpi::Comm node = world.split_by_node();
  Json mine{{"node", node.broadcast_value(world.rank())},
            {"threads", Json::array()},
            {"open", format_list(cpus_for_the_asking(world))},
            {"memory", format_list(memory_nodes())}};
  for (const auto& mask : masks_of_team(threads)) mine["threads"].push_back(format_list(mask));
  if (node.is_root())
    mine.update({{"host", host_name()}, {"quota", cpu_quota()}, {"hardware", to_json(this_hardware())}});

  Placement placement;
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  placement.style = launch_style(environment, mpi::library_version());
  placement.slurm_counts_cores = slurm_counts_cores(environment);
  std::map<int, std::size_t> node_of;  // by the number of a node's first rank
  int number = 0;
  for (const std::string& text : world.gather(mine.dump())) {
    const Json told = Json::parse(text);
    if (told.contains("hardware")) {
      node_of[told["node"].get<int>()] = placement.nodes.size();
      placement.nodes.push_back({told["host"], hardware_of(told["hardware"]), {}, told["quota"], {}, {}});
    }
    PlacedNode& place = placement.nodes[node_of.at(told["node"].get<int>())];
    PlacedRank rank;
    for (const Json& thread : told["threads"]) rank.thread_cpus.push_back(list_of(thread));
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
