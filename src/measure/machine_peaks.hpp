#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "screen/progress.hpp"
#include "system/mpi.hpp"

// What the allocation can do: the ceilings of every rank and node, messages between them, durable writes to a folder.
namespace concdemo {

// One ceiling of every rank, all ranks at once.
struct RankRates {
  std::string name;  // "read bandwidth"
  std::string unit;  // "B/s" or "flop/s"
  std::vector<double> of_rank;
};

struct NodeRates {
  std::string host;
  int first_rank = 0;
  double read_alone = 0, read_together = 0;  // bytes a second: while no other node works, and while all do
  double fma_alone = 0, fma_together = 0;    // flop a second, by the best SIMD target
};

struct Link {
  std::string name;  // "within a node"
  int from = 0, to = 0;
  double latency_s = 0, bandwidth = 0;
};

struct Outlier {
  std::size_t node = 0;
  std::string what;  // "read bandwidth alone"
  double ratio = 0;  // to the median of the nodes
};

struct MachinePeaks {
  int threads = 1;                 // of rank 0
  std::vector<std::string> hosts;  // of each rank
  std::vector<RankRates> rates;
  std::vector<NodeRates> nodes;
  std::vector<Link> links;
  std::vector<std::string> not_measured;  // each with what would measure it
  double seconds = 0;
};

struct PeaksProblem {
  int threads = 1;       // of this rank
  std::string folder;    // for durable writes; empty: none
  int ranks_a_node = 0;  // for tests: so many neighbours count as a node; 0: the ranks that share memory
};

// Collective, some seconds; the whole result on rank 0. Throws system Error for a folder that cannot be written.
MachinePeaks measure_machine(const mpi::Comm& world, const PeaksProblem& problem, Progress& progress);

// Nodes more than a tenth below the median of all nodes, for each of the four rates; none for fewer than two nodes.
std::vector<Outlier> outliers(const std::vector<NodeRates>& nodes);

std::string peaks_text(const MachinePeaks& peaks);
std::string peaks_lines(const MachinePeaks& peaks);  // "NAME = RATE" of all ranks, a line each
Json peaks_json(const MachinePeaks& peaks);

}  // namespace concdemo
