#pragma once
#include <vector>

namespace concdemo {

// So many threads that may use the same units (CPUs or cores, numbered from 0).
struct ThreadGroup {
  std::vector<int> units;
  int threads = 1;
};

// As many threads as possible get a unit of their own: how many of each group.
std::vector<int> match_threads(const std::vector<ThreadGroup>& groups, int units);

// For each rank the cores (0 .. cores-1) it may use, ascending; and how many it wants, none more than it may use.
// Returns disjoint sets of cores. When not all wishes can be met, the smallest set is as large as possible, then the
// second smallest, and so on. Neighbouring ranks get neighbouring cores where the masks allow it.
std::vector<std::vector<int>> divide_cores(const std::vector<std::vector<int>>& allowed, const std::vector<int>& wanted,
                                           int cores);

}  // namespace concdemo
