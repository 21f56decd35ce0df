#pragma once
#include <vector>

namespace concdemo {

// For each rank the cores (0 .. cores-1) it may use, ascending; and how many it wants, none more than it may use.
// Returns disjoint sets of cores. When not all wishes can be met, the smallest set is as large as possible, then the
// second smallest, and so on. Neighbouring ranks get neighbouring cores where the masks allow it.
std::vector<std::vector<int>> slice_cores(const std::vector<std::vector<int>>& allowed, const std::vector<int>& wanted,
                                          int cores);

}  // namespace concdemo
