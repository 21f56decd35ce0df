#include "system/topology_node.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "system/topology.hpp"

#ifdef CONCDEMO_HAVE_HWLOC
#include <fmt/format.h>
#include <hwloc.h>

#include <memory>
#endif

namespace concdemo {
namespace {

// What the kernel says: cores, and one NUMA node.
Hardware plain_hardware() {
  Hardware hardware;
  hardware.numa_nodes = hardware.packages = 1;
  for (const auto& [cpu, core] : core_of_cpu(usable_cpus())) {
    hardware.cpus.push_back({cpu, core, 0, 0});
    hardware.cores = std::max(hardware.cores, core + 1);
  }
  return hardware;
}

#ifdef CONCDEMO_HAVE_HWLOC

struct Destroy {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;
struct Free {
  void operator()(hwloc_bitmap_t set) const { hwloc_bitmap_free(set); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, Free>;

Topology empty_topology() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) throw system_error("hwloc cannot be started");
  return Topology(topology);
}

// Index of the object of this kind that holds the unit; -1 where the machine has none.
int index_of(hwloc_topology_t topology, hwloc_obj_t unit, hwloc_obj_type_t kind) {
  const hwloc_obj_t found = hwloc_get_ancestor_obj_by_type(topology, kind, unit);
  return found == nullptr ? -1 : static_cast<int>(found->logical_index);
}

// NUMA nodes hang beside the tree: the first whose CPUs hold the unit.
int numa_of(hwloc_topology_t topology, hwloc_obj_t unit) {
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    if (hwloc_bitmap_isset(node->cpuset, unit->os_index)) return static_cast<int>(node->logical_index);
  }
  return 0;
}

Hardware hardware_of(hwloc_topology_t topology) {
  Hardware hardware;
  for (hwloc_obj_t unit = nullptr; (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != nullptr;) {
    const int core = index_of(topology, unit, HWLOC_OBJ_CORE);
    hardware.cpus.push_back({static_cast<int>(unit->os_index), core < 0 ? static_cast<int>(unit->logical_index) : core,
                             numa_of(topology, unit), std::max(0, index_of(topology, unit, HWLOC_OBJ_PACKAGE))});
  }
  for (const auto& cpu : hardware.cpus) {
    hardware.cores = std::max(hardware.cores, cpu.core + 1);
    hardware.numa_nodes = std::max(hardware.numa_nodes, cpu.numa + 1);
    hardware.packages = std::max(hardware.packages, cpu.package + 1);
  }
  return hardware;
}

Hardware read_this_hardware() {
  const Topology topology = empty_topology();
  hwloc_topology_set_flags(topology.get(), HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  if (hwloc_topology_load(topology.get()) == 0) {
    if (Hardware hardware = hardware_of(topology.get()); !hardware.cpus.empty()) return hardware;
  }
  return plain_hardware();
}

}  // namespace

Hardware this_hardware() {
  static const Hardware hardware = read_this_hardware();
  return hardware;
}

Hardware described_hardware(const std::string& text) {
  const Topology topology = empty_topology();
  const bool is_xml = text.starts_with("<");
  const int refused =
      is_xml ? hwloc_topology_set_xmlbuffer(topology.get(), text.c_str(), static_cast<int>(text.size() + 1))
             : hwloc_topology_set_synthetic(topology.get(), text.c_str());
  if (refused == 0 && hwloc_topology_load(topology.get()) == 0) {
    if (Hardware hardware = hardware_of(topology.get()); !hardware.cpus.empty()) return hardware;
  }
  throw usage_error(fmt::format("'{}' describes no machine: give hwloc's synthetic text or XML", text.substr(0, 60)));
}

std::vector<int> memory_nodes() {
  const Topology topology = empty_topology();
  const Bitmap nodes(hwloc_bitmap_alloc());
  hwloc_membind_policy_t policy = HWLOC_MEMBIND_DEFAULT;
  std::vector<int> found;
  if (!nodes || hwloc_topology_load(topology.get()) != 0) return found;
  if (hwloc_get_membind(topology.get(), nodes.get(), &policy, HWLOC_MEMBIND_BYNODESET | HWLOC_MEMBIND_THREAD) != 0)
    return found;
  if (policy != HWLOC_MEMBIND_BIND && policy != HWLOC_MEMBIND_INTERLEAVE) return found;
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology.get(), HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    if (hwloc_bitmap_isset(nodes.get(), node->os_index)) found.push_back(static_cast<int>(node->logical_index));
  }
  return found;
}

#else

}  // namespace

Hardware this_hardware() { return plain_hardware(); }

Hardware described_hardware(const std::string&) {
  throw usage_error("built without hwloc, so machines cannot be described; install libhwloc-dev and build again");
}

std::vector<int> memory_nodes() { return {}; }

#endif

}  // namespace concdemo
