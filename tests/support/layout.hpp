#pragma once
#include <algorithm>
#include <set>
#include <vector>

#include "layout/layout.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"

// Nodes made up for tests of the layout, and what must hold of any layout.
namespace concdemo::test {

using Mask = std::vector<int>;

inline Mask cpus(int first, int last) {
  Mask mask;
  for (int cpu = first; cpu <= last; ++cpu) mask.push_back(cpu);
  return mask;
}
inline Mask both(Mask a, const Mask& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Cores 0..cores-1, hyper-thread h of core c is CPU c + h * cores.
inline NodeView node(int cores, int hyper_threads, const std::vector<Mask>& masks) {
  NodeView view;
  view.rank_cpus = masks;
  for (int cpu = 0; cpu < cores * hyper_threads; ++cpu) view.core_of_cpu[cpu] = cpu % cores;
  return view;
}

inline std::vector<int> threads(const NodeLayout& layout) {
  std::vector<int> result;
  for (const auto& rank : layout.ranks) result.push_back(rank.threads);
  return result;
}
inline bool pinned(const NodeLayout& layout) {
  return std::any_of(layout.ranks.begin(), layout.ranks.end(), [](const auto& r) { return !r.thread_cpus.empty(); });
}

// Every pinned thread has one core of its rank's mask, with all CPUs the mask has of it, and no core is used twice.
inline void check_own_cores(const NodeView& view, const NodeLayout& layout) {
  std::set<int> used;
  for (std::size_t rank = 0; rank < layout.ranks.size(); ++rank) {
    const auto& mask = view.rank_cpus[rank];
    REQUIRE(layout.ranks[rank].thread_cpus.size() == static_cast<std::size_t>(layout.ranks[rank].threads));
    for (const auto& thread : layout.ranks[rank].thread_cpus) {
      REQUIRE(!thread.empty());
      const int core = view.core_of_cpu.at(thread[0]);
      Mask expected;
      for (const int cpu : mask) {
        if (view.core_of_cpu.at(cpu) == core) expected.push_back(cpu);
      }
      REQUIRE(thread == expected);
      REQUIRE(used.insert(core).second);
    }
  }
}

inline void check_divided(const NodeView& view, const std::vector<int>& expected) {
  const NodeLayout layout = lay_out(view);
  CHECK(threads(layout) == expected);
  check_own_cores(view, layout);
  CHECK(layout.warnings.empty());
}

inline void check_left_alone(const NodeView& view, const std::vector<int>& expected) {
  const NodeLayout layout = lay_out(view);
  CHECK(threads(layout) == expected);
  CHECK(!pinned(layout));
  CHECK(layout.warnings.empty());
}

inline std::string warning(const NodeView& view) {
  const NodeLayout layout = lay_out(view);
  return layout.warnings.empty() ? "" : layout.warnings.front();
}

}  // namespace concdemo::test
