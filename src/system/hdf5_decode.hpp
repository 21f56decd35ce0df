#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

// The filters of HDF5 undone without HDF5, and so without its lock: by any thread, at any time.
namespace concdemo::hdf5 {

// One stage of a pipeline: its number in HDF5's register and the values that the dataset stores for it.
struct ChunkFilter {
  int id;
  std::vector<unsigned> values;
  bool operator==(const ChunkFilter&) const = default;
};
inline constexpr int deflate_filter = 1, shuffle_filter = 2, fletcher32_filter = 3;

// Whether ChunkDecoder undoes this pipeline, given in the order of writing: those three filters, at most one deflate
// (in a build that can_inflate()), each shuffle with its element size.
bool can_decode(const std::vector<ChunkFilter>& pipeline);

// Says what is wrong with a chunk as a clause about it: "does not inflate", "has 100 bytes in place of 4096".
class DamagedChunk : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Decoded {
  std::span<const std::byte> bytes;  // the whole chunk, until the decoder's next call, or of what was stored
  // 0: as the elements are. Else the element size of a shuffle that is left to undo, which the caller does piece by
  // piece in its cache (kernels/unshuffle.hpp), or ChunkDecoder::unshuffled at once.
  std::size_t shuffled_by;
};

// Decodes chunks one after another, for one thread. Its memory, kept from chunk to chunk: the inflated bytes, and as
// many again where a shuffle comes before another stage that is to be undone.
class ChunkDecoder {
 public:
  // can_decode(pipeline).
  explicit ChunkDecoder(std::vector<ChunkFilter> pipeline) : pipeline_(std::move(pipeline)) {}

  // `stored`: the chunk as it lies in the file. `filter_mask`: bit i is set where the pipeline's i-th stage was left
  // out for it. Throws DamagedChunk, after at most chunk_bytes + 4 bytes for each checksum were inflated.
  Decoded decode(std::span<const std::byte> stored, std::uint32_t filter_mask, std::size_t chunk_bytes);

  // All bytes of what decode() gave last, with its shuffle undone. Takes memory for a chunk.
  std::span<const std::byte> unshuffled(const Decoded& decoded);

 private:
  struct Room {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
  };
  std::span<std::byte> other_room(std::span<const std::byte> taken, std::size_t bytes);

  std::vector<ChunkFilter> pipeline_;
  Room rooms_[2];
};

}  // namespace concdemo::hdf5
