#pragma once
#include <cstdint>
#include <string>

#include "base/shape.hpp"
#include "system/hdf5.hpp"

namespace concdemo::hdf5 {

// Where a chunk lies in the file, as it is stored.
struct StoredChunk {
  std::uint64_t address = 0;      // of its first byte in the file
  std::uint64_t bytes = 0;        // 0: nobody wrote it
  std::uint32_t filter_mask = 0;  // bit i: the i-th filter was left out
};

// Where the chunks of a dataset lie. HDF5 is asked to read each of them through a driver of our own, which notes where
// it would have read and reads nothing: the lookup is that of H5Dread, whatever the index and the version (1 us; the
// calls that give addresses go through all chunks for each, in 1.10 at least), and a user block is counted in.
// Call it under the Lock.
class ChunkAddresses {
 public:
  ChunkAddresses(const std::string& file, const std::string& path);  // usage Error as open_dataset()'s
  StoredChunk find(const Shape& start);                              // of the chunk with this first element

 private:
  std::string name_;
  Handle file_, dataset_;
  bool is_sound_ = false;  // the index was gone through
};

}  // namespace concdemo::hdf5
