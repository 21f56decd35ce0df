#pragma once
#include <memory>

#include "kernels/matrix.hpp"
#include "system/mpi_shared.hpp"
#include "workloads/matmul_plan.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// A rank's shares of A and B. Where all ranks are on one node with room for it, they lie in shared memory and every rank
// reads the others' in place; else they are private and travel in messages.
class MatmulShares {
 public:
  // Collective. Decides how slices are cut, and loads; `counts` gets the total over ranks. Throws usage Error for missing
  // elements. `node_size` > 0: so many ranks count as a node.
  MatmulShares(const Context& context, const Problem& problem, LoadCounts& counts);

  const MatmulPlan& plan() const { return plan_; }
  bool in_shared_memory() const { return shared_ != nullptr; }

  // A piece where it lies: this rank's own, or with shared memory anyone's.
  MatrixView view(const MatrixPart& piece) const;
  // Pages of another rank's piece that were read no longer count as this rank's memory.
  void let_go(const MatrixPart& piece) const;

 private:
  MatmulPlan plan_;
  std::uint64_t rank_ = 0;
  std::unique_ptr<mpi::SharedArrays> shared_;  // each rank's A, then its B
  Array a_;                                    // without shared memory
  Array b_;
};

// Bytes of the most loaded rank: its shares of A, B and C, and the panels under way.
std::uint64_t matmul_memory_bytes(const Shape& size, int ranks);

}  // namespace concdemo
