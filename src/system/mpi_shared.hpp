#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "system/mpi.hpp"

namespace concdemo::mpi {

struct SharedWindow;

// Zeroed memory that all ranks of a node see, at an address of each rank's own; aligned to 64 bytes. Ranks synchronise
// by atomics in it and by collectives. Making and destroying it is collective; while an exception is in flight it is
// left to the end of the process.
class SharedMemory {
 public:
  SharedMemory(const Comm& node, std::size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  void* data() const { return data_; }

 private:
  std::unique_ptr<SharedWindow> window_;
  void* data_ = nullptr;
};

// Collective over the ranks of a node: these, where the system has room for SharedMemory of so many bytes; else this
// rank alone, as if on a node of its own, which needs none.
Comm with_shared_memory(Comm node, std::size_t bytes);

// An array of doubles of each rank of a node that the others read where it lies. Its owner touches it first, so that it
// lies on the owner's NUMA node. Ranks synchronise by collectives. Making and destroying it is collective, as above.
class SharedArrays {
 public:
  // Collective: whether the system has room for such arrays (containers often limit /dev/shm to 64 MiB).
  static bool fit(const Comm& node, std::uint64_t my_count);

  SharedArrays(const Comm& node, std::uint64_t my_count);
  ~SharedArrays();
  SharedArrays(const SharedArrays&) = delete;
  SharedArrays& operator=(const SharedArrays&) = delete;

  std::span<double> mine() const { return arrays_[static_cast<std::size_t>(rank_)]; }
  std::span<const double> of(int rank) const { return arrays_[static_cast<std::size_t>(rank)]; }

  // The pages of `part` no longer count as this rank's memory, until it reads them again; what they hold stays.
  void let_go(std::span<const double> part) const;

 private:
  std::unique_ptr<SharedWindow> window_;
  int rank_ = 0;
  std::vector<std::span<double>> arrays_;
};

}  // namespace concdemo::mpi
