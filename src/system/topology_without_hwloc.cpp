#ifndef CONCDEMO_HAVE_HWLOC
#include <algorithm>

#include "base/error.hpp"
#include "system/topology.hpp"
#include "system/topology_node.hpp"

// A build without hwloc knows cores, and one NUMA node.
namespace concdemo {

Hardware this_hardware() {
  Hardware hardware;
  hardware.numa_nodes = hardware.packages = 1;
  for (const auto& [cpu, core] : core_of_cpu(usable_cpus())) {
    hardware.cpus.push_back({cpu, core, 0, 0});
    hardware.cores = std::max(hardware.cores, core + 1);
  }
  return hardware;
}

Hardware described_hardware(const std::string&) {
  throw usage_error("built without hwloc, so machines cannot be described; install libhwloc-dev and build again");
}

std::vector<int> memory_nodes() { return {}; }

}  // namespace concdemo
#endif
