#pragma once
#include <memory>

#include "kernels/matrix.hpp"
#include "system/mpi_shared.hpp"
#include "workloads/matmul/matmul_plan.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// A rank's parts of A and B. Where all ranks are on one node with room for it, those that others need lie in shared
// memory, where these read them in place; else they travel in messages. Private ones have huge pages, which the system
// seldom gives to shared memory.
class MatmulParts {
 public:
  // Collective. Decides how strips are cut, and loads; `counts` gets the total over ranks. Throws usage Error for
  // missing elements.
  MatmulParts(const Context& context, const Problem& problem, ConvertCounts& counts);

  const MatmulPlan& plan() const { return plan_; }
  bool in_shared_memory() const { return shared_ != nullptr; }

  // A piece where it lies: this rank's own, or with shared memory anyone's.
  MatrixView view(const MatrixPart& piece) const;
  // Pages of another rank's piece that were read no longer count as this rank's memory.
  void let_go(const MatrixPart& piece) const;

 private:
  MatmulPlan plan_;
  std::uint64_t rank_ = 0;
  std::unique_ptr<mpi::SharedArrays> shared_;  // each rank's A, then its B, as far as others need them
  Array a_;                                    // those that are not shared
  Array b_;
};

// Bytes of the most loaded rank: its parts of A, B and C, and the panels under way.
std::uint64_t matmul_memory_bytes(const Shape& size, int ranks);

}  // namespace concdemo
