#pragma once
#include <vector>

#include "workloads/workload.hpp"

namespace concdemo {

// Collective: every rank's equal share of the flat range of each operand. Positions that are missing in any operand are
// left out of all of them. `counts` becomes the total over ranks.
std::vector<Array> load_parts(const Context& context, const Problem& problem, LoadCounts& counts);

// Collective: a range of one operand; missing elements stay where they are. `counts` gets this rank's own.
// The same for one range, on this rank alone: elements that are missing in any operand are dropped from all and
// counted.
std::vector<Array> load_block(const Problem& problem, Range range, int threads, LoadCounts& counts);

Array load_range(const Context& context, const Operand& operand, Range range, LoadCounts& counts);

LoadCounts total_over_ranks(const mpi::Comm& comm, LoadCounts counts);

// Sum of one value a rank, in whatever order MPI chooses: for results that promise no bits.
double add_over_ranks(const mpi::Comm& comm, double value);

// Collective: whether all ranks share memory; `node_size` > 0: so many ranks count as a node.
bool share_memory(const mpi::Comm& comm, int node_size);

// `count` numbers below `limit` from the counter generator, ascending; fewer where some are equal. The same on every
// rank.
std::vector<std::uint64_t> sample_below(std::uint64_t limit, std::uint64_t count, std::uint64_t seed,
                                        std::uint32_t stream);

// Helpers of descriptors whose operands are arrays of one shape, treated as flat.
std::vector<Shape> one_operand_shape(const Shape& size);
std::vector<Shape> two_operand_shapes(const Shape& size);
Shape common_shape(const std::vector<Operand>& operands);  // throws usage Error naming both operands and shapes
// "; --size MxN gives values their shape" where an operand is a list without one, else "".
std::string shape_hint(const std::vector<Operand>& operands, const std::string& size);
std::vector<DatasetSpec> no_outputs(const Problem& problem);
DatasetSpec dataset_like(const std::string& name, const Shape& shape);  // dimensions NAME_0, NAME_1, ...

std::function<Cost(const Problem&)> cost_per_element(double flops, double bytes, Bound bound);

// Bytes of the largest share of a float64 array of this size; of `arrays` such arrays, shared out over all ranks.
std::uint64_t share_bytes(const Shape& size, int ranks);
std::function<std::uint64_t(const Shape&, int)> shared_arrays(int arrays);

}  // namespace concdemo
