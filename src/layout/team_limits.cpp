#include "layout/team_limits.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "system/limits.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

void require_places() {
  if (omp_get_num_places() == 0) return;
  const std::vector<int> usable = usable_cpus();
  std::vector<int> others;
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> cpus(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, cpus.data());
    const auto is_usable = [&](int cpu) { return std::binary_search(usable.begin(), usable.end(), cpu); };
    if (std::none_of(cpus.begin(), cpus.end(), is_usable)) others.insert(others.end(), cpus.begin(), cpus.end());
  }
  if (others.empty()) return;
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  std::string source = "OpenMP's places";
  for (const char* name : {"KMP_AFFINITY", "OMP_PLACES", "GOMP_CPU_AFFINITY"}) {
    if (const char* value = std::getenv(name)) source = fmt::format("{}={}", name, value);
  }
  throw usage_error(fmt::format("{} names CPUs that this process may not use: {}; it may use {}", source,
                                format_list(others), format_list(usable)));
}

}  // namespace

void require_team(const mpi::Comm& comm, int threads) {
  constexpr int beside = 3;  // an I/O thread, the watchdog, the line of progress
  std::optional<limits::HeldThreads> held;
  mpi::together(comm, [&] {
    require_places();
    held.emplace(threads - 1 + beside);
  });
}

}  // namespace concdemo
