#include "layout/placement_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"

namespace concdemo {
namespace {

std::vector<int> list_at(const Json& json, const char* key, const std::vector<int>& otherwise) {
  if (!json.contains(key)) return otherwise;
  const auto text = json.at(key).get<std::string>();
  const auto list = parse_list(text);
  if (!list) throw usage_error(fmt::format("'{}' of {} is no list of numbers such as 0-3,8", text, key));
  return *list;
}

std::vector<int> all_cpus(const Hardware& hardware) {
  std::vector<int> cpus;
  for (const auto& cpu : hardware.cpus) cpus.push_back(cpu.number);
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

PlacedRank rank_of(const Json& json, const PlacedNode& node) {
  PlacedRank rank;
  rank.memory_nodes = list_at(json, "memory_nodes", {});
  const Json& threads = json.at("threads");
  if (threads.is_number()) {
    rank.thread_cpus.assign(threads.get<std::size_t>(), list_at(json, "cpus", node.allocated));
    return rank;
  }
  for (const Json& thread : threads) rank.thread_cpus.push_back(list_at({{"cpus", thread}}, "cpus", {}));
  return rank;
}

LaunchStyle style_of(const std::string& name) {
  const std::map<std::string, LaunchStyle> styles = {
      {"mpirun", LaunchStyle::mpirun}, {"srun", LaunchStyle::srun}, {"hydra", LaunchStyle::hydra}};
  const auto found = styles.find(name);
  if (found == styles.end()) throw usage_error(fmt::format("launcher '{}' is none of mpirun, srun, hydra", name));
  return found->second;
}

Placement read(const Json& json) {
  Placement placement;
  placement.style = style_of(json.value("launcher", "mpirun"));
  placement.threads_supported = json.value("threads_supported", true);
  std::vector<std::vector<std::size_t>> copies;  // of each described node
  for (const Json& described : json.at("nodes")) {
    PlacedNode node;
    node.hardware = described_hardware(described.at("hwloc").get<std::string>());
    node.quota = described.value("quota", 0.0);
    node.allocated = list_at(described, "allocated", all_cpus(node.hardware));
    const auto count = described.value("count", std::size_t{1});
    auto& places = copies.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      node.host = printable(described.value("host", "node")) + (count > 1 ? fmt::format("{}", i + 1) : "");
      places.push_back(placement.nodes.size());
      placement.nodes.push_back(node);
    }
  }
  for (const Json& described : json.at("ranks")) {
    for (const std::size_t index : copies.at(described.value("node", std::size_t{0}))) {
      PlacedNode& node = placement.nodes[index];
      const PlacedRank rank = rank_of(described, node);
      for (std::size_t i = 0; i < described.value("count", std::size_t{1}); ++i) node.ranks.push_back(rank);
    }
  }
  int number = 0;
  for (PlacedNode& node : placement.nodes) {
    for (std::size_t i = 0; i < node.ranks.size(); ++i) node.rank_numbers.push_back(number++);
  }
  return placement;
}

}  // namespace

Placement described_placement(const std::string& text) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& error) {
    throw usage_error(fmt::format("the described job cannot be read: {}", error.what()));
  } catch (const std::out_of_range&) {
    throw usage_error("the described job cannot be read: a rank names a node that is not there");
  }
}

Json to_json(const Placement& placement, const std::vector<PlacementFinding>& findings, const Advice& advice) {
  Json json{{"schema", 1}, {"command", "placement"}, {"nodes", Json::array()}, {"findings", Json::array()}};
  for (const PlacedNode& node : placement.nodes) {
    Json described{{"host", node.host},
                   {"packages", node.hardware.packages},
                   {"numa_nodes", node.hardware.numa_nodes},
                   {"cores", node.hardware.cores},
                   {"cpus", node.hardware.cpus.size()},
                   {"allocated", format_list(node.allocated)},
                   {"quota", node.quota > 0 ? Json(node.quota) : Json(nullptr)},
                   {"ranks", Json::array()}};
    for (std::size_t i = 0; i < node.ranks.size(); ++i) {
      Json threads = Json::array();
      for (const auto& cpus : node.ranks[i].thread_cpus) threads.push_back(format_list(cpus));
      described["ranks"].push_back({{"rank", node.rank_numbers[i]}, {"threads", threads}});
    }
    json["nodes"].push_back(described);
  }
  for (const PlacementFinding& finding : findings) {
    json["findings"].push_back({{"kind", finding.kind},
                                {"text", finding.text},
                                {"ranks", format_list(finding.ranks)},
                                {"nodes", finding.nodes}});
  }
  json["advice"] = {{"ranks_per_node", advice.ranks_per_node},
                    {"threads", advice.threads},
                    {"mpirun", advice.mpirun},
                    {"srun", advice.srun},
                    {"openmp", advice.openmp}};
  return json;
}

}  // namespace concdemo
