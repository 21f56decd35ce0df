#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/partition.hpp"
#include "base/shape.hpp"
#include "system/files.hpp"
#include "system/hdf5_addresses.hpp"
#include "system/hdf5_decode.hpp"
#include "system/hdf5_read.hpp"
#include "system/hdf5_slabs.hpp"

// The stored bytes of a dataset past HDF5's lock: any number of threads read and decode at once.
namespace concdemo::hdf5 {

// How the stored elements of a dataset are cut into chunks, in C order; contiguous storage is one chunk.
class ChunkGrid {
 public:
  explicit ChunkGrid(const DatasetInfo& info);
  const Shape& extents() const { return extents_; }  // of what is stored
  const Shape& chunk() const { return chunk_; }
  std::uint64_t chunks() const { return element_count(counts_); }
  std::uint64_t chunk_elements() const { return element_count(chunk_); }
  Box box(std::uint64_t number) const;               // a whole one, which may reach out of the extents
  std::uint64_t number(const Shape& indices) const;  // of the chunk with these indices in the grid
  bool operator==(const ChunkGrid&) const = default;

 private:
  Shape extents_, chunk_, counts_;
};

// A dataset that is read past the library (DatasetInfo::library_way is empty).
class ChunkFile {
 public:
  explicit ChunkFile(const DatasetInfo& info);  // opens the file
  const DatasetInfo& info() const { return info_; }
  const ChunkGrid& grid() const { return grid_; }
  bool is_filtered() const { return !info_.filters.empty() && !info_.chunk.empty(); }
  std::uint64_t chunk_bytes() const { return grid_.chunk_elements() * static_cast<std::uint64_t>(info_.format.size); }

  // Where these chunks lie, in their order; under the library's Lock. Throws system Error for what lies outside of the
  // file or is larger than a chunk can be.
  std::vector<StoredChunk> locate(Range chunks);

  // Throws system Error for damage of chunk `number`.
  [[noreturn]] void refuse(std::uint64_t number, const std::string& why) const;
  void read(std::uint64_t number, std::uint64_t address, std::span<std::byte> bytes) const;  // all of them

 private:
  const DatasetInfo info_;
  ChunkGrid grid_;
  files::Descriptor file_;
  std::uint64_t file_bytes_ = 0;
  std::unique_ptr<ChunkAddresses> addresses_;  // of chunked storage
};

// One thread's reading of chunks, one after another. Holds the stored and the decoded bytes of one.
class ChunkCursor {
 public:
  explicit ChunkCursor(const ChunkFile& file) : file_(file), decoder_(file.info().filters) {}

  void open(std::uint64_t number, const StoredChunk& stored);
  // Elements of the open chunk, as stored, counted in C order of the whole chunk.
  void read(Range elements, std::byte* out);

  ReadCost take_cost() { return std::exchange(cost_, {}); }  // since it was taken last

 private:
  const ChunkFile& file_;
  ChunkDecoder decoder_;
  std::uint64_t number_ = 0;
  StoredChunk stored_;
  std::vector<std::byte> bytes_;  // as stored; without filters those of the window
  Decoded decoded_;
  Range window_;  // bytes of an unfiltered chunk that are in bytes_
  ReadCost cost_;
};

}  // namespace concdemo::hdf5
