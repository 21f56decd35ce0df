#pragma once
#include <cstddef>
#include <memory>

#include "system/mpi.hpp"

namespace concdemo::mpi {

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
  struct Window;
  std::unique_ptr<Window> window_;
  void* data_ = nullptr;
};

}  // namespace concdemo::mpi
