#pragma once
#include <vector>

#include "workloads/workload.hpp"

namespace concdemo {

// Collective: every rank's equal part of the flat range of each operand. Positions that are missing in any operand are
// left out of all of them. `counts` becomes the total over ranks.
std::vector<Array> load_parts(const Context& context, const Problem& problem, ConvertCounts& counts);

// Collective: a range of one operand; missing elements stay where they are. `counts` gets this rank's own.
Array load_range(const Context& context, const Operand& operand, Range range, ConvertCounts& counts);

ConvertCounts total_over_ranks(const mpi::Comm& comm, ConvertCounts counts);

// Sum of one value a rank, in whatever order MPI chooses: for results that promise no bits.
double add_over_ranks(const mpi::Comm& comm, double value);

// Collective: whether all ranks share memory; `node_size` > 0: so many ranks count as a node.
bool share_memory(const mpi::Comm& comm, int node_size);

// `count` numbers below `limit` from the counter generator, ascending; fewer where some are equal. The same on every
// rank.
std::vector<std::uint64_t> sample_below(std::uint64_t limit, std::uint64_t count, std::uint64_t seed,
                                        std::uint32_t stream);

}  // namespace concdemo
