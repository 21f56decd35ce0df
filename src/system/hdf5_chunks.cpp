#include "system/hdf5_chunks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "kernels/unshuffle.hpp"
#include "system/hdf5_crash.hpp"

namespace concdemo::hdf5 {
namespace {

// Shorter runs of an unfiltered chunk are taken from a window that was read at once, longer ones read to their place.
constexpr std::uint64_t window_bytes = 64 << 10;

void fill_with(std::span<const std::uint8_t> element, std::uint64_t count, std::byte* out) {
  for (std::uint64_t i = 0; i < count; ++i) std::memcpy(out + i * element.size(), element.data(), element.size());
}

}  // namespace

ChunkGrid::ChunkGrid(const DatasetInfo& info)
    : extents_(info.storage.empty() ? info.shape : info.storage), chunk_(info.chunk.empty() ? extents_ : info.chunk) {
  for (std::size_t d = 0; d < extents_.size(); ++d) {
    counts_.push_back(extents_[d] == 0 ? 0 : (extents_[d] - 1) / chunk_[d] + 1);
  }
}

std::uint64_t ChunkGrid::number(const Shape& indices) const {
  std::uint64_t number = 0;
  for (std::size_t d = 0; d < indices.size(); ++d) number = number * counts_[d] + indices[d];
  return number;
}

Box ChunkGrid::box(std::uint64_t number) const {
  Box box = {Shape(counts_.size()), chunk_};
  for (std::size_t d = counts_.size(); d-- > 0; number /= counts_[d]) box.start[d] = number % counts_[d] * chunk_[d];
  return box;
}

void ReadCost::operator+=(const ReadCost& other) {
  bytes += other.bytes;
  chunks += other.chunks;
  locate_s += other.locate_s;
  read_s += other.read_s;
  decode_s += other.decode_s;
}

ChunkFile::ChunkFile(const DatasetInfo& info) : info_(info), grid_(info) {
  int error = files::open(info.file, O_RDONLY, file_);
  if (error == 0) error = files::size_of(file_.get(), file_bytes_);
  if (error != 0) throw usage_error(fmt::format("cannot read {}: {}", info.file, files::error_text(error)));
  if (info.chunk.empty()) return;
  const Lock lock;
  const CrashGuard guard(info.file + ":" + info.path);
  addresses_ = std::make_unique<ChunkAddresses>(info.file, info.path);
}

std::vector<StoredChunk> ChunkFile::locate(Range chunks) {
  if (!addresses_) {
    const std::uint64_t bytes = info_.address == DatasetInfo::nowhere ? 0 : chunk_bytes();
    return std::vector<StoredChunk>(chunks.size(), {info_.address, bytes, 0});
  }
  const Lock lock;
  const CrashGuard guard(info_.file + ":" + info_.path);
  // Deflate adds 5 bytes to each 16 KiB that it cannot make smaller.
  const std::uint64_t most = chunk_bytes() + chunk_bytes() / 1000 + 64;
  std::vector<StoredChunk> found;
  found.reserve(chunks.size());
  for (std::uint64_t number = chunks.begin; number < chunks.end; ++number) {
    const StoredChunk chunk = addresses_->find(grid_.box(number).start);
    if (chunk.bytes > most) refuse(number, fmt::format("is said to be stored in {} bytes", chunk.bytes));
    if (chunk.bytes > file_bytes_ || chunk.address > file_bytes_ - chunk.bytes) {
      refuse(number, fmt::format("is said to lie at byte {}, {} bytes long, in a file of {}", chunk.address,
                                 chunk.bytes, file_bytes_));
    }
    if (!is_filtered() && chunk.bytes != 0 && chunk.bytes != chunk_bytes()) {
      refuse(number, fmt::format("is stored in {} bytes in place of {}", chunk.bytes, chunk_bytes()));
    }
    found.push_back(chunk);
  }
  return found;
}

void ChunkFile::refuse(std::uint64_t number, const std::string& why) const {
  const std::string which = info_.chunk.empty()
                                ? "what is stored of it"
                                : fmt::format("its chunk from index [{}] on", fmt::join(grid_.box(number).start, ", "));
  throw system_error(fmt::format("{}:{}: {} {}; the file is damaged: copy it again, or make it anew", info_.file,
                                 info_.path, which, why));
}

void ChunkFile::read(std::uint64_t number, std::uint64_t address, std::span<std::byte> bytes) const {
  std::size_t got = 0;
  const int error = files::read_all(file_.get(), bytes, address, got);
  if (error != 0) {
    throw system_error(fmt::format("{}:{}: reading {} bytes at byte {}: {}", info_.file, info_.path, bytes.size(),
                                   address, files::error_text(error)));
  }
  if (got < bytes.size()) refuse(number, "is cut off by the end of the file");
}

void ChunkCursor::open(std::uint64_t number, const StoredChunk& stored) {
  number_ = number;
  stored_ = stored;
  window_ = {};
  if (stored.bytes == 0 || !file_.is_filtered()) return;
  const double start = now_s();
  bytes_.resize(std::max<std::size_t>(bytes_.size(), stored.bytes));
  const std::span raw(bytes_.data(), stored.bytes);
  file_.read(number, stored.address, raw);
  const double there = now_s();
  try {
    decoded_ = decoder_.decode(raw, stored.filter_mask, file_.chunk_bytes());
  } catch (const DamagedChunk& bad) { file_.refuse(number, bad.what()); }
  cost_.bytes += stored.bytes;
  cost_.chunks += 1;
  cost_.read_s += there - start;
  cost_.decode_s += now_s() - there;
}

void ChunkCursor::read(Range elements, std::byte* out) {
  const auto size = static_cast<std::uint64_t>(file_.info().format.size);
  if (stored_.bytes == 0) return fill_with(file_.info().unwritten, elements.size(), out);
  const Range wanted{elements.begin * size, elements.end * size};
  if (file_.is_filtered()) {
    if (decoded_.shuffled_by == size) {
      unshuffle(decoded_.bytes.data(), file_.grid().chunk_elements(), size, elements.begin, elements.end, out);
    } else {
      std::memcpy(out, decoded_.bytes.data() + wanted.begin, wanted.size());
    }
    return;
  }
  if (wanted.begin >= window_.begin && wanted.end <= window_.end) {
    std::memcpy(out, bytes_.data() + (wanted.begin - window_.begin), wanted.size());
    return;
  }
  const double start = now_s();
  if (wanted.size() >= window_bytes / 2) {
    file_.read(number_, stored_.address + wanted.begin, {out, wanted.size()});
    cost_.bytes += wanted.size();
  } else {
    window_ = {wanted.begin, std::min(stored_.bytes, wanted.begin + window_bytes)};
    bytes_.resize(window_bytes);
    file_.read(number_, stored_.address + window_.begin, std::span(bytes_).first(window_.size()));
    cost_.bytes += window_.size();
    std::memcpy(out, bytes_.data(), wanted.size());
  }
  cost_.read_s += now_s() - start;
}

}  // namespace concdemo::hdf5
