#include "system/hdf5_decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "kernels/fletcher32.hpp"
#include "kernels/unshuffle.hpp"
#include "system/inflate.hpp"

namespace concdemo::hdf5 {

namespace {

constexpr std::size_t checksum_bytes = 4;

using Bytes = std::span<const std::byte>;

void require_size(Bytes bytes, std::size_t expected) {
  if (bytes.size() != expected) {
    throw DamagedChunk(fmt::format("has {} bytes in place of {}", bytes.size(), expected));
  }
}

void inflate_all(Bytes stored, std::span<std::byte> out) {
  const Inflated inflated = inflate(stored, out);
  switch (inflated.outcome) {
    case InflateOutcome::damaged: throw DamagedChunk("does not inflate");
    case InflateOutcome::too_long: throw DamagedChunk(fmt::format("inflates to more than its {} bytes", out.size()));
    case InflateOutcome::whole: break;
  }
  if (inflated.bytes != out.size()) {
    throw DamagedChunk(fmt::format("inflates to {} bytes in place of {}", inflated.bytes, out.size()));
  }
}

// The bytes before the checksum, which is stored lowest byte first. HDF5 before 1.6.3 summed words of the other byte
// order on little-endian machines, which turns the bytes of both halves round: HDF5 takes that too.
Bytes checked(Bytes bytes) {
  if (bytes.size() < checksum_bytes) {
    throw DamagedChunk(fmt::format("has {} bytes, too few for its checksum (fletcher32)", bytes.size()));
  }
  const Bytes summed = bytes.first(bytes.size() - checksum_bytes);
  std::uint32_t stored = 0;
  for (std::size_t i = checksum_bytes; i-- > 0;) {
    stored = stored << 8 | std::to_integer<std::uint32_t>(bytes[summed.size() + i]);
  }
  const std::uint32_t sum = fletcher32(summed);
  if (stored != sum && stored != ((sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff))) {
    throw DamagedChunk("has a wrong checksum (fletcher32)");
  }
  return summed;
}

void unshuffle_all(Bytes from, std::size_t element_bytes, std::span<std::byte> out) {
  const std::size_t elements = from.size() / element_bytes, whole = elements * element_bytes;
  unshuffle(from.data(), elements, element_bytes, 0, elements, out.data());
  std::copy(from.begin() + static_cast<std::ptrdiff_t>(whole), from.end(),
            out.begin() + static_cast<std::ptrdiff_t>(whole));
}

}  // namespace

bool can_decode(const std::vector<ChunkFilter>& pipeline) {
  int deflates = 0;
  for (const ChunkFilter& filter : pipeline) {
    const bool known = filter.id == deflate_filter || filter.id == fletcher32_filter ||
                       (filter.id == shuffle_filter && filter.values.size() == 1 && filter.values[0] > 0);
    if (!known) return false;
    deflates += filter.id == deflate_filter;
  }
  return pipeline.size() <= 32 && deflates <= can_inflate();  // bits of a mask
}

Decoded ChunkDecoder::decode(Bytes stored, std::uint32_t filter_mask, std::size_t chunk_bytes) {
  // The stages that the chunk went through, and how many bytes went into each; behind deflate that is not known.
  struct Stage {
    const ChunkFilter* filter;
    std::optional<std::size_t> bytes;
  };
  std::vector<Stage> stages;
  std::optional<std::size_t> bytes = chunk_bytes;
  for (std::size_t i = 0; i < pipeline_.size(); ++i) {
    const bool is_shuffle = pipeline_[i].id == shuffle_filter;
    if ((filter_mask >> i & 1) != 0 || (is_shuffle && pipeline_[i].values[0] == 1)) continue;
    stages.push_back({&pipeline_[i], bytes});
    if (pipeline_[i].id == deflate_filter) bytes.reset();
    if (pipeline_[i].id == fletcher32_filter && bytes) *bytes += checksum_bytes;
  }
  if (bytes) require_size(stored, *bytes);

  Bytes at = stored;
  for (; !stages.empty(); stages.pop_back()) {
    const Stage& stage = stages.back();
    if (stage.filter->id == fletcher32_filter) {
      at = checked(at);
    } else if (stage.filter->id == deflate_filter) {
      const std::span<std::byte> out = other_room(at, *stage.bytes);
      inflate_all(at, out);
      at = out;
    } else {
      const Decoded shuffled{at, stage.filter->values[0]};
      if (stages.size() == 1) return shuffled;
      at = unshuffled(shuffled);
    }
  }
  return {at, 0};
}

Bytes ChunkDecoder::unshuffled(const Decoded& decoded) {
  if (decoded.shuffled_by == 0) return decoded.bytes;
  const std::span<std::byte> out = other_room(decoded.bytes, decoded.bytes.size());
  unshuffle_all(decoded.bytes, decoded.shuffled_by, out);
  return out;
}

// Room for that many bytes that is not where `taken` lies.
std::span<std::byte> ChunkDecoder::other_room(Bytes taken, std::size_t bytes) {
  Room& room = rooms_[taken.data() != nullptr && taken.data() == rooms_[0].data.get() ? 1 : 0];
  if (room.size < bytes) {
    room = {};  // before, not beside it
    room = {std::make_unique_for_overwrite<std::byte[]>(bytes), bytes};
  }
  return {room.data.get(), bytes};
}

}  // namespace concdemo::hdf5
