#include "layout/matching.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "support/catch.hpp"
#include "support/layout.hpp"

using namespace concdemo;
using namespace concdemo::test;

TEST_CASE("shares of cores exist whenever there is a solution, and as many threads as can be have one") {
  std::mt19937 random(7);
  int feasible = 0;
  for (int round = 0; round < 3000; ++round) {
    const int cores = 1 + static_cast<int>(random() % 6);
    const int ranks = 1 + static_cast<int>(random() % 4);
    std::vector<Mask> allowed(static_cast<std::size_t>(ranks));
    std::vector<int> wanted;
    for (auto& mask : allowed) {
      for (int core = 0; core < cores; ++core) {
        if (random() % 2) mask.push_back(core);
      }
      wanted.push_back(static_cast<int>(random() % (mask.size() + 1)));
    }
    // All assignments of cores to ranks (or to none): the best sorted counts, none above the wish.
    std::vector<int> best;
    std::vector<int> counts(allowed.size());
    int most = 0;  // cores in use
    const auto search = [&](const auto& self, int core) -> void {
      if (core == cores) {
        most = std::max(most, std::accumulate(counts.begin(), counts.end(), 0));
        std::vector<int> sorted;
        // Filled up by what a rank did not want, so that modest ranks do not look poor.
        for (std::size_t r = 0; r < allowed.size(); ++r) sorted.push_back(counts[r] == wanted[r] ? cores : counts[r]);
        std::sort(sorted.begin(), sorted.end());
        best = std::max(best, sorted);
        return;
      }
      self(self, core + 1);
      for (std::size_t r = 0; r < allowed.size(); ++r) {
        if (counts[r] == wanted[r] || !std::count(allowed[r].begin(), allowed[r].end(), core)) continue;
        ++counts[r];
        self(self, core + 1);
        --counts[r];
      }
    };
    search(search, 0);
    const auto shares = divide_cores(allowed, wanted, cores);
    std::set<int> used;
    std::vector<int> sorted;
    bool all_met = true;
    for (std::size_t r = 0; r < shares.size(); ++r) {
      const bool met = static_cast<int>(shares[r].size()) == wanted[r];
      all_met = all_met && met;
      REQUIRE(static_cast<int>(shares[r].size()) <= wanted[r]);
      sorted.push_back(met ? cores : static_cast<int>(shares[r].size()));
      for (const int core : shares[r]) {
        REQUIRE(std::count(allowed[r].begin(), allowed[r].end(), core) == 1);
        REQUIRE(used.insert(core).second);
      }
    }
    std::sort(sorted.begin(), sorted.end());
    const bool solvable = best.front() == cores;
    feasible += solvable;
    REQUIRE(all_met == solvable);
    std::vector<ThreadGroup> groups;
    for (std::size_t r = 0; r < allowed.size(); ++r) groups.push_back({allowed[r], wanted[r]});
    const auto matched = match_threads(groups, cores);
    REQUIRE(std::accumulate(matched.begin(), matched.end(), 0) == most);
    REQUIRE(sorted.front() == best.front());
  }
  CHECK(feasible > 300);
  CHECK(feasible < 2900);
}

TEST_CASE("4,096 CPUs are laid out too", "[large]") {
  std::mt19937 random(3);
  for (const int ranks : {1, 64, 2048}) {
    std::vector<Mask> same, nested, scattered;
    for (int rank = 0; rank < ranks; ++rank) {
      same.push_back(cpus(0, 4095));
      nested.push_back(both(cpus(0, 2047 - rank % 1024), cpus(2048, 4095 - rank % 1024)));
      Mask some;
      for (int cpu = 0; cpu < 4096; ++cpu) {
        if (random() % 64 == 0) some.push_back(cpu);
      }
      scattered.push_back(some);
    }
    for (const auto& masks : {same, nested, scattered}) {
      const NodeView view = node(2048, 2, masks);
      const NodeLayout layout = lay_out(view);
      INFO(ranks);
      CHECK(layout.ranks.size() == masks.size());
      if (pinned(layout)) check_own_cores(view, layout);
    }
  }
}
