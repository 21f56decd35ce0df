#pragma once
#include <cstdint>

#include "workloads/own_options.hpp"

namespace concdemo {

// The diffusion number beyond which the explicit scheme amplifies the shortest waves.
constexpr double largest_stable_alpha = 0.25;

// What `run heat` takes and no other workload.
struct HeatOptions {
  std::uint64_t steps = 100;
  double alpha = 0.2;
  std::uint64_t snapshot_every = 0;    // steps; 0: the start and the end alone
  std::uint64_t checkpoint_every = 0;  // steps; 0: none but when a signal stops the run
};

inline const HeatOptions& heat_options(const Problem& problem) { return own<HeatOptions>(problem); }

}  // namespace concdemo
