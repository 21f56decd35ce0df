#include "layout/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "layout/matching.hpp"
#include "layout/placement_text.hpp"

namespace concdemo {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }
constexpr std::array kinds = {"mpi-without-threads", "threads-outnumber-cpus", "node-oversubscribed",
                              "ranks-share-cores",   "siblings-share-cores",   "quota-below-threads",
                              "memory-far",          "rank-across-numa-nodes", "idle-cores"};  // the worst first

class NodeJudge {
 public:
  explicit NodeJudge(const PlacedNode& node) : node_(node) {
    for (std::size_t i = 0; i < node.hardware.cpus.size(); ++i)
      index_[node.hardware.cpus[i].number] = static_cast<int>(i);
    std::map<int, int> numa_of_core;  // of those that the job may use
    for (const int cpu : node.allocated) {
      const auto found = index_.find(cpu);
      if (found == index_.end()) continue;
      ++cpus_;
      const auto& unit = node.hardware.cpus[at(found->second)];
      numa_of_core[unit.core] = unit.numa;
    }
    cores_ = static_cast<int>(numa_of_core.size());
    cores_of_numa_.resize(at(node.hardware.numa_nodes));
    for (const auto& [core, numa] : numa_of_core) ++cores_of_numa_[at(numa)];
    for (std::size_t rank = 0; rank < node.ranks.size(); ++rank)
      group_threads(node.ranks[rank], static_cast<int>(rank));
  }

  std::vector<PlacementFinding> findings() {
    if (threads_ == 0 || cpus_ == 0) return {};
    threads_on_cpus();
    if (found_.empty()) ranks_on_cores();
    quota();
    memory();
    if (found_.empty()) numa();
    if (found_.empty()) idle();
    return std::move(found_);
  }

 private:
  void group_threads(const PlacedRank& rank, int number) {
    std::map<std::vector<int>, int> masks;
    for (const auto& mask : rank.thread_cpus) ++masks[mask];
    auto& cpus = rank_cpus_.emplace_back();
    for (const auto& [mask, threads] : masks) {
      ThreadGroup on_cpus{{}, threads};
      std::set<int> cores;
      for (const int cpu : mask) {
        const auto found = index_.find(cpu);
        if (found == index_.end()) continue;
        on_cpus.units.push_back(found->second);
        cores.insert(node_.hardware.cpus[at(found->second)].core);
      }
      if (on_cpus.units.empty()) continue;  // nothing known
      cpus.insert(on_cpus.units.begin(), on_cpus.units.end());
      on_cpus_.push_back(std::move(on_cpus));
      on_cores_.push_back({{cores.begin(), cores.end()}, threads});
      rank_of_.push_back(number);
      threads_ += threads;
    }
  }

  std::vector<int> numbers_of(const std::set<int>& ranks) const {
    std::vector<int> numbers;
    for (const int rank : ranks) numbers.push_back(node_.rank_numbers[at(rank)]);
    return numbers;
  }
  void add(int kind, const std::string& text, const std::set<int>& ranks) {
    found_.push_back({kinds[at(kind)], text, numbers_of(ranks), 1});
  }
  std::set<int> all_ranks() const { return {rank_of_.begin(), rank_of_.end()}; }

  // A rank's own threads first: those that cannot all have a CPU of the rank's.
  void threads_on_cpus() {
    std::set<int> narrow;
    for (std::size_t begin = 0; begin < on_cpus_.size();) {
      const int rank = rank_of_[begin];
      std::vector<ThreadGroup> own;
      int threads = 0, matched = 0;
      for (; begin < on_cpus_.size() && rank_of_[begin] == rank; ++begin) {
        own.push_back(on_cpus_[begin]);
        threads += own.back().threads;
      }
      for (const int count : match_threads(own, static_cast<int>(node_.hardware.cpus.size()))) matched += count;
      const int reach = static_cast<int>(rank_cpus_[at(rank)].size());
      if (matched < threads && reach < cpus_) narrow.insert(rank);  // else the whole node is too small
    }
    if (!narrow.empty()) {
      const int first = *narrow.begin();
      std::vector<int> numbers;
      for (const int index : rank_cpus_[at(first)]) numbers.push_back(node_.hardware.cpus[at(index)].number);
      std::sort(numbers.begin(), numbers.end());
      add(1,
          fmt::format("{} of rank {} run on {} ({}), while the job has {}",
                      counted(static_cast<int>(node_.ranks[at(first)].thread_cpus.size()), "thread"),
                      node_.rank_numbers[at(first)], counted(static_cast<int>(numbers.size()), "CPU"),
                      format_list(numbers), counted(cpus_, "CPU")),
          narrow);
    }
    if (threads_ > cpus_)
      add(2, fmt::format("{} run on {}", counted(threads_, "thread"), counted(cpus_, "CPU")), all_ranks());
  }

  // Ranks whose masks meet those of the groups that found no unit.
  std::set<int> crowded(const std::vector<ThreadGroup>& groups, const std::vector<int>& matched) const {
    std::set<int> units, ranks;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (matched[i] < groups[i].threads) units.insert(groups[i].units.begin(), groups[i].units.end());
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto is_crowded = [&](int unit) { return units.count(unit) > 0; };
      if (std::any_of(groups[i].units.begin(), groups[i].units.end(), is_crowded)) ranks.insert(rank_of_[i]);
    }
    return ranks;
  }

  void ranks_on_cores() {
    const auto on_cpus = match_threads(on_cpus_, static_cast<int>(node_.hardware.cpus.size()));
    const int placed = std::accumulate(on_cpus.begin(), on_cpus.end(), 0);
    if (placed < threads_) {
      const auto ranks = crowded(on_cpus_, on_cpus);
      add(3,
          fmt::format("{} share CPUs while {} of the job {} idle", ranks_text(numbers_of(ranks)),
                      counted(cpus_ - placed, "CPU"), cpus_ - placed == 1 ? "is" : "are"),
          ranks);
      return;
    }
    const auto on_cores = match_threads(on_cores_, node_.hardware.cores);
    busy_cores_ = std::accumulate(on_cores.begin(), on_cores.end(), 0);
    if (busy_cores_ < std::min(threads_, cores_)) {
      const auto ranks = crowded(on_cores_, on_cores);
      add(ranks.size() > 1 ? 3 : 4,
          fmt::format("threads of {} share cores as hyper-threads while {} idle", ranks_text(numbers_of(ranks)),
                      cores_ - busy_cores_ == 1 ? "1 core is" : fmt::format("{} cores are", cores_ - busy_cores_)),
          ranks);
    }
  }

  void quota() {
    if (node_.quota <= 0 || threads_ <= static_cast<int>(node_.quota + 0.999)) return;
    add(5,
        fmt::format("{} run on a CPU quota of {:.3g} ({} visible): the kernel stops them in turn",
                    counted(threads_, "thread"), node_.quota, counted(cores_, "core")),
        all_ranks());
  }

  std::set<int> numa_of(int rank) const {
    std::set<int> nodes;
    for (const int index : rank_cpus_[at(rank)]) nodes.insert(node_.hardware.cpus[at(index)].numa);
    return nodes;
  }

  void memory() {
    std::set<int> far;
    for (const int rank : all_ranks()) {
      const auto& bound = node_.ranks[at(rank)].memory_nodes;
      const auto own = numa_of(rank);
      if (!bound.empty() && std::none_of(bound.begin(), bound.end(), [&](int n) { return own.count(n) > 0; }))
        far.insert(rank);
    }
    if (far.empty()) return;
    const auto own = numa_of(*far.begin());
    add(6,
        fmt::format("memory of rank {} is bound to NUMA node {}, its threads run on {}",
                    node_.rank_numbers[at(*far.begin())], format_list(node_.ranks[at(*far.begin())].memory_nodes),
                    format_list({own.begin(), own.end()})),
        far);
  }

  // A rank that would fit on fewer NUMA nodes than its threads may run on.
  void numa() {
    if (node_.hardware.numa_nodes < 2) return;
    auto sizes = cores_of_numa_;
    std::sort(sizes.rbegin(), sizes.rend());
    std::set<int> wide;
    for (const int rank : all_ranks()) {
      const int threads = static_cast<int>(node_.ranks[at(rank)].thread_cpus.size());
      std::size_t needed = 0;
      for (int room = 0; room < threads && needed < sizes.size() && sizes[needed] > 0; ++needed) room += sizes[needed];
      if (numa_of(rank).size() > needed) wide.insert(rank);
    }
    if (wide.empty()) return;
    add(7,
        fmt::format("rank {} of {} runs on {} NUMA nodes", node_.rank_numbers[at(*wide.begin())],
                    counted(static_cast<int>(node_.ranks[at(*wide.begin())].thread_cpus.size()), "thread"),
                    numa_of(*wide.begin()).size()),
        wide);
  }

  void idle() {
    const int room = node_.quota > 0 ? std::min(cores_, std::max(1, static_cast<int>(node_.quota))) : cores_;
    if (busy_cores_ >= room) return;
    add(8,
        fmt::format("{} of the job's {} {} idle", room - busy_cores_, counted(room, "core"),
                    room - busy_cores_ == 1 ? "is" : "are"),
        all_ranks());
  }

  const PlacedNode& node_;
  std::map<int, int> index_;  // of a CPU's number in hardware.cpus
  std::vector<int> cores_of_numa_;
  std::vector<ThreadGroup> on_cpus_, on_cores_;  // threads of one rank with one mask; by index and by core
  std::vector<int> rank_of_;                     // of each group
  std::vector<std::set<int>> rank_cpus_;         // by index
  int cpus_ = 0, cores_ = 0, threads_ = 0, busy_cores_ = 0;
  std::vector<PlacementFinding> found_;
};

}  // namespace

std::vector<PlacementFinding> judge(const Placement& placement) {
  std::vector<PlacementFinding> all;
  const auto merge = [&](const PlacementFinding& finding) {
    const auto same =
        std::find_if(all.begin(), all.end(), [&](const PlacementFinding& other) { return other.kind == finding.kind; });
    if (same == all.end()) return all.push_back(finding);
    same->ranks.insert(same->ranks.end(), finding.ranks.begin(), finding.ranks.end());
    ++same->nodes;
  };
  if (!placement.threads_supported) {
    merge({kinds[0], "the MPI library was built without support for threads: calls may fail while they run", {}, 0});
  }
  for (const PlacedNode& node : placement.nodes) {
    for (PlacementFinding finding : NodeJudge(node).findings()) {
      if (placement.nodes.size() > 1) finding.text = node.host + ": " + finding.text;
      merge(finding);
    }
  }
  const auto rank_of = [](const PlacementFinding& finding) {
    return std::find(kinds.begin(), kinds.end(), finding.kind);
  };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
  for (PlacementFinding& finding : all) std::sort(finding.ranks.begin(), finding.ranks.end());
  return all;
}

}  // namespace concdemo
