#pragma once
#include <string>
#include <vector>

namespace concdemo {

// The processing units of one machine. Cores, NUMA nodes and packages are numbered from 0 in the machine's order.
struct Hardware {
  struct Cpu {
    int number = 0;  // the operating system's
    int core = 0;
    int numa = 0;
    int package = 0;
  };
  std::vector<Cpu> cpus;  // by core, then by number
  int cores = 0, numa_nodes = 0, packages = 0;
};

Hardware this_hardware();  // read once

// A machine described by hwloc's synthetic text ("pack:2 numa:1 core:56 pu:2") or its XML; usage Error for anything
// else.
Hardware described_hardware(const std::string& text);

// NUMA nodes that the calling thread's memory is bound to (numactl --membind); empty: it goes where it is touched
// first.
std::vector<int> memory_nodes();

}  // namespace concdemo
