#pragma once
#include <vector>

namespace concdemo {

// So many threads that may use the same units (CPUs or cores, numbered from 0).
struct ThreadGroup {
  std::vector<int> units;
  int threads = 1;
};

// As many threads as possible get a unit of their own: how many of each group. A maximum matching by augmenting paths.
std::vector<int> match_threads(const std::vector<ThreadGroup>& groups, int units);

}  // namespace concdemo
