#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/partition.hpp"
#include "input/operand_block.hpp"
#include "system/hdf5_chunks.hpp"

namespace concdemo {

// A pass over all elements of one dataset, or of two that are cut into the same chunks, in whatever order they are
// stored: each chunk is read and decoded once, and its elements are handed over in blocks that stay in a thread's
// cache. Pieces of the pass are numbered, so that ranks and threads share them: whole chunks, or parts of chunks (and
// of contiguous storage) that need no decoding.
class FilePass {
 public:
  // Whether the operands can be passed over so.
  static bool fits(const std::vector<Operand>& operands);
  // `operands` outlive it. Throws as DatasetReader does.
  explicit FilePass(const std::vector<Operand>& operands);

  std::uint64_t pieces() const { return grid_.chunks() * parts_; }
  // Elements that the file does not hold at all: they are missing.
  std::uint64_t not_stored() const;
  std::uint64_t bytes(Range pieces) const;  // of their elements, or some more
  void require_unchanged() const;           // after it: throws usage Error when a file was written to meanwhile

  // Where the chunks of these pieces lie.
  struct Located {
    std::uint64_t first = 0;                             // chunk
    std::vector<std::vector<hdf5::StoredChunk>> chunks;  // of each operand
    double seconds = 0;
  };
  Located locate(Range pieces) const;
  // Bytes that a worker holds for its largest piece among these; where none is located, for the largest there can be.
  std::uint64_t worker_bytes(const Located& located) const;

  // One thread's. Blocks hold at most `block_elements`.
  static constexpr std::size_t block_elements = 1 << 15;
  class Worker {
   public:
    explicit Worker(const FilePass& pass);
    using Use = std::function<void(const std::vector<OperandBlock>&)>;
    void read(std::uint64_t piece, const Located& located, const Use& use);
    hdf5::ReadCost take_cost();  // since it was taken last

   private:
    void take(std::size_t operand, Range in_chunk, std::uint64_t in_box, std::byte* out);

    const FilePass& pass_;
    std::vector<std::unique_ptr<hdf5::ChunkCursor>> cursors_;  // null where the library reads
    std::vector<std::vector<std::byte>> boxes_;                // what it read of a chunk
    std::vector<OperandBlock> blocks_;
    hdf5::ReadCost library_cost_;
  };

 private:
  const std::vector<Operand>& operands_;
  hdf5::ChunkGrid grid_;
  std::uint64_t parts_ = 1, part_elements_ = 0;  // of a chunk
  std::vector<std::unique_ptr<hdf5::ChunkFile>> files_;
  std::vector<std::unique_ptr<hdf5::DatasetReader>> readers_;  // where the library reads
};

}  // namespace concdemo
