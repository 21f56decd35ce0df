#pragma once
#include <functional>
#include <string>
#include <vector>

#include "system/mpi.hpp"

namespace concdemo {

double median(std::vector<double> values);  // 0 of none

// Seconds of repeated runs; each sample is from the first rank that begins to the last that ends, by the clock of a
// node; the longest of any node.
struct Samples {
  std::vector<double> seconds;  // in the order of the runs
  int slowest_rank = 0;         // the rank that worked longest in all, waits for others left out
  double min() const;
  double median() const;
  double max() const;
};

// Collective: `warmup` runs, then `repeat` timed ones, each begun together by all ranks.
// `run(last)` is told when it is the last one; `before(number)`, counted from 1, comes outside the timed part.
Samples measure(const mpi::Comm& comm, int warmup, int repeat, const std::function<void(bool last)>& run,
                const std::function<void(int number)>& before = {});

}  // namespace concdemo
