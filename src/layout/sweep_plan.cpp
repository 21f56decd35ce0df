#include "layout/sweep_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace concdemo {
namespace {

// 1, 2, 3, 4, 6, 8, 12, ... below the count, descending.
std::vector<int> fewer_than(int count) {
  std::vector<int> list;
  for (int power = 1; power < count; power *= 2) {
    list.push_back(power);
    if (power >= 2 && power / 2 * 3 < count) list.push_back(power / 2 * 3);
  }
  std::sort(list.rbegin(), list.rend());
  return list;
}

void add_extremes(int nodes, int cores, int slots, std::vector<SweepLayout>& layouts) {
  int ranks = std::min(cores, slots);
  while (cores % ranks != 0) --ranks;
  layouts.push_back({nodes, 1, cores});
  if (ranks > 1) layouts.push_back({nodes, ranks, cores / ranks});
}

}  // namespace

SweepNode cores_for_sweep(const NodeView& node) {
  SweepNode result;
  std::map<std::pair<int, int>, std::set<int>> cpus_of_core;
  std::set<std::pair<int, int>> usable;
  for (const int cpu : node.usable_cpus) usable.insert(core_key(node, cpu));
  for (const auto& mask : node.rank_cpus) {
    for (const int cpu : mask) cpus_of_core[core_key(node, cpu)].insert(cpu);
  }
  for (const auto& [key, cpus] : cpus_of_core) {
    usable.insert(key);
    result.cores.emplace_back(cpus.begin(), cpus.end());
  }
  result.usable = static_cast<int>(usable.size());
  if (node.quota > 0) {
    const int most = std::max(1, static_cast<int>(std::min(node.quota, 1e6)));
    if (static_cast<int>(result.cores.size()) > most) result.cores.resize(static_cast<std::size_t>(most));
    result.usable = std::min(result.usable, most);
  }

  std::vector<int> order(node.rank_cpus.size());
  std::iota(order.begin(), order.end(), 0);
  const auto first_core = [&](int rank) {
    const auto& mask = node.rank_cpus[static_cast<std::size_t>(rank)];
    auto key = std::pair{2, 0};
    for (const int cpu : mask) key = std::min(key, core_key(node, cpu));
    return key;
  };
  if (!order.empty()) {
    std::stable_sort(order.begin() + 1, order.end(), [&](int a, int b) { return first_core(a) < first_core(b); });
  }
  result.slot_of_rank.resize(order.size());
  for (std::size_t slot = 0; slot < order.size(); ++slot) {
    result.slot_of_rank[static_cast<std::size_t>(order[slot])] = static_cast<int>(slot);
  }
  return result;
}

std::string to_text(const SweepLayout& layout) {
  if (layout.nodes == 1) {
    return fmt::format("{} x {}", counted(layout.ranks_per_node, "rank"), counted(layout.threads, "thread"));
  }
  return fmt::format("{} nodes, {} a node x {}", layout.nodes, counted(layout.ranks_per_node, "rank"),
                     counted(layout.threads, "thread"));
}

SweepPlan plan_sweep(const Allocation& allocation) {
  SweepPlan plan;
  for (int ranks = 1; ranks <= allocation.cores; ++ranks) {
    if (allocation.cores % ranks != 0) continue;
    auto& list = ranks <= allocation.slots ? plan.layouts : plan.unformable;
    list.push_back({allocation.nodes, ranks, allocation.cores / ranks});
  }
  for (const int nodes : fewer_than(allocation.nodes)) {
    add_extremes(nodes, allocation.cores, allocation.slots, plan.layouts);
  }
  for (const int cores : fewer_than(allocation.cores)) add_extremes(1, cores, allocation.slots, plan.layouts);
  return plan;
}

std::vector<std::vector<int>> places_in(const SweepNode& node, int node_index, int slot, int slots,
                                        const SweepLayout& layout) {
  if (node_index >= layout.nodes) return {};
  // The group of each active slot begins at or near the core of that slot, when there is a slot a core.
  const int cores = std::max(1, static_cast<int>(node.cores.size()));
  int next = 0;
  for (int group = 0; group < layout.ranks_per_node; ++group) {
    const int first = group * layout.threads;
    const int active = std::max(next, static_cast<int>(static_cast<long>(first) * slots / cores));
    if (active > slot) return {};
    next = active + 1;
    if (active != slot) continue;
    return {node.cores.begin() + first, node.cores.begin() + first + layout.threads};
  }
  return {};
}

Advice launch_of(const Allocation& allocation, const SweepLayout& layout) {
  const bool whole_node = layout.ranks_per_node * layout.threads == allocation.cores;
  return launch_well(layout.ranks(), layout.ranks_per_node, layout.threads, whole_node ? allocation.numa_nodes : 1,
                     allocation.cpus_a_core, allocation.style);
}

Advice launch_of_sweep(const Allocation& allocation) {
  const int cores = allocation.cores + (allocation.nodes == 1 ? allocation.cores_left_out : 0);
  return launch_well(allocation.nodes * cores, cores, 1, allocation.numa_nodes, allocation.cpus_a_core,
                     allocation.style);
}

}  // namespace concdemo
