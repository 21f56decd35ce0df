#include "layout/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "layout/matching.hpp"
#include "layout/placement.hpp"

namespace concdemo {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

// The node with its cores renumbered 0 .. count-1 in the order of their numbers.
struct Cores {
  std::vector<int> of_cpu;                // by CPU number; -1: in no mask
  std::vector<std::vector<int>> of_rank;  // ascending
  int count = 0;                          // in the union of the masks
  int cpu_count = 0;                      // in the union of the masks
  int usable_count = 0;                   // that the job could use
  bool cpus_shared = false;               // some CPU is in two masks
  bool cores_shared = false;              // some core is in two masks
};

Cores cores_of(const NodeView& node) {
  Cores cores;
  std::vector<int> users;  // masks a CPU is in, then masks a core is in
  for (const auto& mask : node.rank_cpus) {
    for (const int cpu : mask) {
      if (at(cpu) >= users.size()) users.resize(at(cpu) + 1);
      if (++users[at(cpu)] == 2) cores.cpus_shared = true;
    }
  }
  std::map<std::pair<int, int>, std::vector<int>> cpus_of_core;
  for (std::size_t cpu = 0; cpu < users.size(); ++cpu) {
    if (users[cpu] == 0) continue;
    cpus_of_core[core_key(node, static_cast<int>(cpu))].push_back(static_cast<int>(cpu));
    ++cores.cpu_count;
  }
  cores.of_cpu.assign(users.size(), -1);
  for (const auto& entry : cpus_of_core) {
    for (const int cpu : entry.second) cores.of_cpu[at(cpu)] = cores.count;
    ++cores.count;
  }
  users.assign(at(cores.count), 0);
  for (const auto& mask : node.rank_cpus) {
    std::vector<bool> own(at(cores.count));
    for (const int cpu : mask) own[at(cores.of_cpu[at(cpu)])] = true;
    auto& list = cores.of_rank.emplace_back();
    for (int core = 0; core < cores.count; ++core) {
      if (!own[at(core)]) continue;
      list.push_back(core);
      if (++users[at(core)] == 2) cores.cores_shared = true;
    }
  }
  std::set<std::pair<int, int>> usable;
  for (const int cpu : node.usable_cpus) usable.insert(core_key(node, cpu));
  cores.usable_count = std::max(cores.count, static_cast<int>(usable.size()));
  return cores;
}

// Threads a rank gets of so many cores when all ranks get the same.
int share_of(int cores, const NodeView& node) {
  if (node.quota > 0) cores = std::min(cores, static_cast<int>(std::min(node.quota, 1e6)));
  return std::max(1, cores / std::max(1, static_cast<int>(node.rank_cpus.size())));
}

// The rule, when nobody gave a number of threads. False when some rank found no core of its own.
bool apply_rule(const NodeView& node, const Cores& cores, NodeLayout& layout) {
  std::vector<int> wanted;
  for (const auto& own : cores.of_rank) {
    wanted.push_back(std::min(share_of(cores.count, node), static_cast<int>(own.size())));
  }
  for (std::size_t rank = 0; rank < wanted.size(); ++rank) layout.ranks[rank].threads = std::max(1, wanted[rank]);
  if (!cores.cores_shared) return true;

  const auto shares = divide_cores(cores.of_rank, wanted, cores.count);
  bool complete = true;
  for (std::size_t rank = 0; rank < shares.size(); ++rank) {
    layout.ranks[rank].threads = std::max(1, static_cast<int>(shares[rank].size()));
    complete = complete && (!shares[rank].empty() || wanted[rank] == 0);
  }
  if (!complete) return false;
  for (std::size_t rank = 0; rank < shares.size(); ++rank) {
    for (const int core : shares[rank]) {
      auto& cpus = layout.ranks[rank].thread_cpus.emplace_back();
      for (const int cpu : node.rank_cpus[rank]) {
        if (cores.of_cpu[at(cpu)] == core) cpus.push_back(cpu);
      }
    }
  }
  return true;
}

std::string launch_line(const NodeView& node, const Cores& cores, int threads) {
  const int here = static_cast<int>(node.rank_cpus.size());
  const int cpus_a_core = (cores.cpu_count + cores.count - 1) / std::max(1, cores.count);
  const Advice advice = launch_well(std::max(node.world_ranks, here), here, threads, 1,
                                    node.slurm_counts_cores ? 1 : cpus_a_core, node.style);
  return fmt::format("`{} ...`", node.style == LaunchStyle::srun ? advice.srun : advice.mpirun);
}

void warn_of_given(const NodeView& node, const Cores& cores, NodeLayout& layout) {
  const int fit = share_of(cores.usable_count, node);
  int total = 0;
  for (std::size_t rank = 0; rank < layout.ranks.size(); ++rank) {
    const int threads = layout.ranks[rank].threads;
    const auto& mask = node.rank_cpus[rank];
    total += threads;
    if (mask.empty() || threads <= static_cast<int>(mask.size()) || !layout.warnings.empty()) continue;
    std::string text =
        fmt::format("rank {} has {} on {} ({}): ", node.first_rank + static_cast<int>(rank), counted(threads, "thread"),
                    counted(static_cast<int>(mask.size()), "CPU"), format_list(mask));
    if (fit >= threads) {
      text += "give each rank its cores by " + launch_line(node, cores, threads);
    } else if (fit > static_cast<int>(cores.of_rank[rank].size())) {
      text += fmt::format("at most {} a rank fit on {}: {} and --threads {}", counted(fit, "thread"),
                          counted(cores.usable_count, "core"), launch_line(node, cores, fit), fit);
    } else {
      text += fmt::format("--threads {} fits", std::min(fit, static_cast<int>(cores.of_rank[rank].size())));
    }
    layout.warnings.push_back(text);
  }
  if (layout.warnings.empty() && total > cores.cpu_count && cores.cpu_count > 0) {
    layout.warnings.push_back(fmt::format("{} run on {}: --threads {} fits, or start fewer ranks a node",
                                          counted(total, "thread"), counted(cores.cpu_count, "CPU"), fit));
  }
}

void warn_of_rule(const NodeView& node, const Cores& cores, bool complete, NodeLayout& layout) {
  const int ranks = static_cast<int>(layout.ranks.size());
  const int fit = share_of(cores.usable_count, node);
  const auto poorest = std::min_element(layout.ranks.begin(), layout.ranks.end(),
                                        [](const auto& a, const auto& b) { return a.threads < b.threads; });
  if (ranks > cores.usable_count) {
    // Masks without a common CPU: one rank a hyper-thread, which somebody has asked for.
    if (cores.cpus_shared) {
      layout.warnings.push_back(fmt::format("{} share {}: start at most {} a node", counted(ranks, "rank"),
                                            counted(cores.usable_count, "core"), cores.usable_count));
    }
  } else if (!complete && cores.cpus_shared) {
    layout.warnings.push_back(fmt::format("some of the {} share a core though there are {}: spread them by {}",
                                          counted(ranks, "rank"), counted(cores.usable_count, "core"),
                                          launch_line(node, cores, fit)));
  } else if (fit > poorest->threads) {
    const int idle = cores.usable_count - cores.count;
    std::string text = idle > 0 ? fmt::format("{} of {} {} open to no rank", idle, counted(cores.usable_count, "core"),
                                              idle == 1 ? "is" : "are")
                                : fmt::format("rank {} may use {} where its share is {}",
                                              node.first_rank + static_cast<int>(poorest - layout.ranks.begin()),
                                              counted(poorest->threads, "core"), fit);
    layout.warnings.push_back(text + ": use all by " + launch_line(node, cores, fit));
  }
}

}  // namespace

std::pair<int, int> core_key(const NodeView& node, int cpu) {
  const auto found = node.core_of_cpu.find(cpu);
  return found == node.core_of_cpu.end() ? std::pair{1, cpu} : std::pair{0, found->second};
}

NodeLayout lay_out(const NodeView& node) {
  NodeLayout layout;
  layout.ranks.resize(node.rank_cpus.size());
  if (layout.ranks.empty()) return layout;
  const Cores cores = cores_of(node);
  layout.cores = cores.count;
  if (node.bound_by_openmp && cores.cpus_shared) {
    layout.warnings.push_back(
        "OMP_PROC_BIND or OMP_PLACES binds threads of several ranks to the same cores: unset it, "
        "or give each rank cores of its own by " +
        launch_line(node, cores, share_of(cores.usable_count, node)));
  }
  const bool given = std::any_of(node.given_threads.begin(), node.given_threads.end(), [](int n) { return n > 0; });
  if (!given) {
    const bool complete = apply_rule(node, cores, layout);
    warn_of_rule(node, cores, complete, layout);
    return layout;
  }
  for (std::size_t rank = 0; rank < layout.ranks.size(); ++rank) {
    const int asked = rank < node.given_threads.size() ? node.given_threads[rank] : 0;
    const int own = static_cast<int>(cores.of_rank[rank].size());
    layout.ranks[rank].threads = asked > 0 ? asked : std::max(1, std::min(share_of(cores.count, node), own));
  }
  warn_of_given(node, cores, layout);
  return layout;
}

}  // namespace concdemo
