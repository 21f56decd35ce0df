#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "format/file_header.hpp"
#include "output/partial_file.hpp"
#include "system/hdf5_write.hpp"

namespace concdemo {

// The metadata of an output file, which HDF5 writes into a scratch file of this process and we copy. For one process
// (rank 0). Throws like hdf5::write_skeleton and PartialFile.
class Skeleton {
 public:
  Skeleton(const PartialFile& partial, std::uint64_t header_bytes, const std::vector<DatasetSpec>& datasets,
           const std::vector<hdf5::TableSpec>& tables, const Attributes& attributes, std::uint64_t aligned_from);
  ~Skeleton();
  Skeleton(const Skeleton&) = delete;
  Skeleton& operator=(const Skeleton&) = delete;

  std::uint64_t file_bytes() const { return made_.file_bytes; }
  const hdf5::Place& data(std::size_t dataset) const { return made_.data[dataset]; }
  const hdf5::Place& table(std::size_t i) const { return made_.tables[i]; }

  // Gives the partial file its size, with `reserve` its space, and the metadata, whose checksum goes into the header
  // (with file_bytes and all places in it). False where the file system cannot reserve.
  bool put_into(const PartialFile& partial, bool reserve, FileHeader& header) const;

 private:
  class Scratch;
  std::unique_ptr<Scratch> scratch_;
  hdf5::Skeleton made_;
};

}  // namespace concdemo
