#pragma once
#include <optional>
#include <string>

#include "system/array.hpp"
#include "system/mpi.hpp"

namespace concdemo {

enum class Bound { read, copy, fma, none };  // the peak that limits a workload

// A ceiling measured on these ranks, all at once: bytes/s or flop/s in all.
struct Peak {
  double value = 0;
  std::string name;  // "read bandwidth"
};

// What a team measures memory with: 128 MiB a thread, 1 GiB at most, touched by the threads that read it.
Array beyond_caches(int threads);

// Collective, about 0.1 s; none for Bound::none.
std::optional<Peak> measure_peak(const mpi::Comm& comm, int threads, Bound bound);

}  // namespace concdemo
