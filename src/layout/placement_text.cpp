#include "layout/placement_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace concdemo {
namespace {

std::string masks_text(const PlacedRank& rank) {
  if (rank.thread_cpus.empty()) return "unknown";
  const auto& first = rank.thread_cpus.front();
  const auto is_first = [&](const std::vector<int>& mask) { return mask == first; };
  if (std::all_of(rank.thread_cpus.begin(), rank.thread_cpus.end(), is_first)) {
    return rank.thread_cpus.size() == 1 ? format_list(first) : "all on " + format_list(first);
  }
  std::vector<std::string> masks;
  for (const auto& mask : rank.thread_cpus) masks.push_back(format_list(mask));
  if (masks.size() > 16) masks.resize(16), masks.push_back("...");
  return fmt::format("{}", fmt::join(masks, " "));
}

// What a cell shows of each core: who is bound to it alone, and whose threads may come by.
std::map<int, std::string> cells(const PlacedNode& node) {
  std::map<int, int> core_of;
  for (const auto& cpu : node.hardware.cpus) core_of[cpu.number] = cpu.core;
  std::map<int, std::set<std::string>> names;
  for (std::size_t rank = 0; rank < node.ranks.size(); ++rank) {
    for (std::size_t thread = 0; thread < node.ranks[rank].thread_cpus.size(); ++thread) {
      std::set<int> cores;
      for (const int cpu : node.ranks[rank].thread_cpus[thread]) {
        if (core_of.count(cpu) > 0) cores.insert(core_of[cpu]);
      }
      const int number = node.rank_numbers[rank];
      const auto name = cores.size() == 1 ? fmt::format("{}.{}", number, thread) : fmt::format("{}.*", number);
      for (const int core : cores) names[core].insert(name);
    }
  }
  std::map<int, std::string> texts;
  for (const int cpu : node.allocated) texts.emplace(core_of[cpu], "-");
  for (const auto& [core, all] : names) {
    texts[core] =
        all.size() <= 2 ? fmt::format("{}", fmt::join(all, " ")) : fmt::format("{} +{}", *all.begin(), all.size() - 1);
  }
  return texts;
}

std::string cost_text(const PlacementCost& cost) {
  if (cost.ratio < 0.995) {
    return fmt::format("Cost: {:.0f} % of the {}: it is {:.2f} of what the placement below gives, measured here.\n",
                       100 * (1 - cost.ratio), cost.what, cost.ratio);
  }
  return fmt::format(
      "Cost: none measured: the {} is {:.2f} of what the placement below gives, which is noise of a busy "
      "machine where it is above 1.\n",
      cost.what, cost.ratio);
}

}  // namespace

std::string ranks_text(const std::vector<int>& ranks) {
  std::string list = format_list(ranks);
  std::size_t end = 0;
  for (int stretch = 0; stretch < 8 && end != std::string::npos; ++stretch) end = list.find(',', end + 1);
  if (end != std::string::npos) list.resize(end), list += ",...";
  return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", list);
}

std::string placement_table(const Placement& placement) {
  struct Line {
    int first = 0, last = 0;
    std::string host, text;
  };
  std::vector<Line> lines;
  for (const PlacedNode& node : placement.nodes) {
    for (std::size_t i = 0; i < node.ranks.size(); ++i) {
      const PlacedRank& rank = node.ranks[i];
      const auto text = fmt::format("{:>7}  {}", rank.thread_cpus.size(), masks_text(rank));
      const int number = node.rank_numbers[i];
      const bool is_like = !lines.empty() && lines.back().text == text && lines.back().host == node.host;
      if (is_like && lines.back().last + 1 == number) lines.back().last = number;
      else lines.push_back({number, number, node.host, text});
    }
  }
  constexpr std::size_t most = 32;
  std::string all = fmt::format("{:<11} {:<16} {}\n", "rank", "host", "threads  CPUs of each thread");
  for (std::size_t i = 0; i < std::min(most, lines.size()); ++i) {
    const auto ranks = lines[i].first == lines[i].last ? fmt::format("{}", lines[i].first)
                                                       : fmt::format("{}-{}", lines[i].first, lines[i].last);
    all += fmt::format("{:<11} {:<16} {}\n", ranks, lines[i].host, lines[i].text);
  }
  if (lines.size() > most) all += fmt::format("... and {} more lines\n", lines.size() - most);
  return all;
}

std::string placement_picture(const Placement& placement) {
  constexpr std::size_t most_nodes = 4, cells_a_line = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most_nodes, placement.nodes.size()); ++i) {
    const PlacedNode& node = placement.nodes[i];
    const auto shown = cells(node);
    std::map<int, int> numa_of;
    std::size_t width = 3;
    for (const auto& cpu : node.hardware.cpus) numa_of[cpu.core] = cpu.numa;
    for (const auto& [core, cell] : shown) width = std::max(width, cell.size());
    text += fmt::format("{}: {}, {}, {}\n", node.host, counted(node.hardware.cores, "core"),
                        counted(node.hardware.cpus.size(), "CPU"), counted(node.hardware.numa_nodes, "NUMA node"));
    std::size_t in_line = 0;
    int last_numa = -1;
    for (const auto& [core, numa] : numa_of) {
      if (in_line == cells_a_line || numa != last_numa) {
        if (last_numa >= 0) text += "\n";
        text += fmt::format("  core {:>3}  |", core);
        in_line = 0;
        last_numa = numa;
      }
      const auto found = shown.find(core);
      text += fmt::format(" {:^{}} |", found == shown.end() ? "" : found->second, width);
      ++in_line;
    }
    text += "\n";
  }
  if (placement.nodes.size() > most_nodes)
    text += fmt::format("... and {} more nodes\n", placement.nodes.size() - most_nodes);
  return text;
}

std::string findings_text(const Placement& placement, const std::vector<PlacementFinding>& findings,
                          const Advice& advice, const std::optional<PlacementCost>& cost) {
  if (findings.empty()) {
    std::size_t ranks = 0;
    for (const PlacedNode& node : placement.nodes) ranks += node.ranks.size();
    return fmt::format(
        "Nothing wrong: each thread of the {} has a core where it can stay, and none that they were given "
        "is idle.\n",
        counted(ranks, "rank"));
  }
  std::string text;
  for (const PlacementFinding& finding : findings) {
    text += fmt::format("{}: {}", finding.kind, finding.text);
    if (finding.nodes > 1) text += fmt::format(" ({} nodes alike)", finding.nodes);
    if (!finding.ranks.empty()) text += fmt::format(". Concerns {}.", ranks_text(finding.ranks));
    text += "\n";
  }
  if (cost && cost->not_measured.empty()) {
    text += cost_text(*cost);
  } else if (cost) {
    text += fmt::format("Cost: not measured: {}.\n", cost->not_measured);
  }
  return text + "Mend with:\n" + launch_text(advice);
}

std::string launch_text(const Advice& advice) {
  return fmt::format("  export {}\n  {} ...\n  or {} ...\n", advice.openmp, advice.mpirun, advice.srun);
}

}  // namespace concdemo
