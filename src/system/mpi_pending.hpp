#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "system/mpi.hpp"

namespace concdemo::mpi {

// A reduction of a few numbers that was begun and goes on while this rank computes. Beginning is collective, like any
// collective call in the same order on all ranks of the Comm; the rest is local and belongs to the main thread.
class PendingReduction {
 public:
  static PendingReduction min(const Comm& comm, std::vector<std::uint64_t> values);  // of each; result on all ranks
  static PendingReduction sum(const Comm& comm, std::vector<std::uint64_t> values);  // modulo 2^64; result on rank 0

  PendingReduction(PendingReduction&&) noexcept;
  PendingReduction& operator=(PendingReduction&&) noexcept;
  ~PendingReduction();  // of an unfinished one, the memory is left to MPI

  bool test();
  std::span<const std::uint64_t> wait();

 private:
  struct State;
  explicit PendingReduction(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace concdemo::mpi
