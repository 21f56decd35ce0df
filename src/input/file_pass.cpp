#include "input/file_pass.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "base/clock.hpp"
#include "base/tally.hpp"

namespace concdemo {
namespace {

// Long enough that claiming one costs nothing, short enough that threads end together.
constexpr std::uint64_t most_part_elements = 1 << 18;

std::uint64_t element_bytes(const Operand& operand) { return static_cast<std::uint64_t>(operand.dataset.format.size); }

// Whether chunks are read as a whole.
bool is_decoded(const hdf5::DatasetInfo& info) {
  return !info.chunk.empty() && (!info.library_way.empty() || !info.filters.empty());
}

}  // namespace

bool FilePass::fits(const std::vector<Operand>& operands) {
  for (const Operand& operand : operands) {
    if (operand.source != Operand::Source::file) return false;
    const hdf5::DatasetInfo& dataset = operand.dataset;
    const bool is_inside = std::equal(dataset.storage.begin(), dataset.storage.end(), dataset.shape.begin(),
                                      dataset.shape.end(), std::less_equal<>());
    if (!dataset.storage.empty() && !is_inside) return false;
    if (!(hdf5::ChunkGrid(operand.dataset) == hdf5::ChunkGrid(operands.front().dataset))) return false;
  }
  return true;
}

FilePass::FilePass(const std::vector<Operand>& operands) : operands_(operands), grid_(operands.front().dataset) {
  part_elements_ = std::min(grid_.chunk_elements(), most_part_elements);
  for (const Operand& operand : operands) {
    const bool by_library = !operand.dataset.library_way.empty();
    files_.push_back(by_library ? nullptr : std::make_unique<hdf5::ChunkFile>(operand.dataset));
    // HDF5 need not keep chunks that are read once.
    const std::uint64_t bytes =
        operand.dataset.chunk.empty() ? operand.buffer_bytes : grid_.chunk_elements() * element_bytes(operand);
    readers_.push_back(by_library ? std::make_unique<hdf5::DatasetReader>(operand.dataset, bytes) : nullptr);
    if (is_decoded(operand.dataset)) part_elements_ = grid_.chunk_elements();
  }
  if (part_elements_ > 0) parts_ = (grid_.chunk_elements() + part_elements_ - 1) / part_elements_;
}

void FilePass::require_unchanged() const {
  for (const Operand& operand : operands_) hdf5::require_unchanged(operand.dataset);
}

std::uint64_t FilePass::bytes(Range pieces) const {
  std::uint64_t bytes = 0;
  for (const Operand& operand : operands_) bytes += element_bytes(operand);
  return bytes * std::min(pieces.size() * part_elements_, element_count(grid_.extents()));
}

std::uint64_t FilePass::not_stored() const {
  return element_count(operands_.front().shape) - element_count(grid_.extents());
}

FilePass::Located FilePass::locate(Range pieces) const {
  const double start = now_s();
  const Range chunks{pieces.begin / parts_, (pieces.end + parts_ - 1) / parts_};
  Located located{chunks.begin, {}, 0};
  for (const auto& file : files_) {
    located.chunks.push_back(file ? file->locate(chunks) : std::vector<hdf5::StoredChunk>());
  }
  located.seconds = now_s() - start;
  return located;
}

std::uint64_t FilePass::worker_bytes(const Located& located) const {
  std::uint64_t bytes = 0;
  for (std::size_t k = 0; k < operands_.size(); ++k) {
    bytes += block_elements * element_bytes(operands_[k]);
    if (!is_decoded(operands_[k].dataset)) continue;
    const std::uint64_t chunk = grid_.chunk_elements() * element_bytes(operands_[k]);
    std::uint64_t stored = chunk;  // by the library: what it decodes
    if (files_[k] && !located.chunks.empty()) {
      stored = 0;
      for (const auto& each : located.chunks[k]) stored = std::max(stored, each.bytes);
    }
    bytes += chunk + stored;
  }
  return bytes;
}

FilePass::Worker::Worker(const FilePass& pass) : pass_(pass), boxes_(pass.operands_.size()) {
  for (std::size_t k = 0; k < pass.operands_.size(); ++k) {
    cursors_.push_back(pass.files_[k] ? std::make_unique<hdf5::ChunkCursor>(*pass.files_[k]) : nullptr);
    blocks_.emplace_back(pass.operands_[k], block_elements);
  }
}

void FilePass::Worker::take(std::size_t operand, Range in_chunk, std::uint64_t in_box, std::byte* out) {
  if (cursors_[operand]) return cursors_[operand]->read(in_chunk, out);
  const std::uint64_t size = element_bytes(pass_.operands_[operand]);
  if (!boxes_[operand].empty()) {
    std::memcpy(out, boxes_[operand].data() + in_box * size, in_chunk.size() * size);
    return;
  }
  pass_.readers_[operand]->read_stored(in_chunk, out);
}

void FilePass::Worker::read(std::uint64_t piece, const Located& located, const Use& use) {
  const std::uint64_t number = piece / pass_.parts_;
  const std::uint64_t begin = piece % pass_.parts_ * pass_.part_elements_;
  const Range part{begin, std::min(begin + pass_.part_elements_, pass_.grid_.chunk_elements())};
  const hdf5::Box whole = pass_.grid_.box(number);
  hdf5::Box inside = clipped(whole, pass_.grid_.extents());
  const std::size_t operands = pass_.operands_.size();
  for (std::size_t k = 0; k < operands; ++k) {
    if (cursors_[k]) {
      cursors_[k]->open(number, located.chunks[k][static_cast<std::size_t>(number - located.first)]);
    } else if (is_decoded(pass_.operands_[k].dataset)) {
      const double start = now_s();
      boxes_[k].resize(inside.elements() * element_bytes(pass_.operands_[k]));
      pass_.readers_[k]->read_box(inside, boxes_[k].data());
      library_cost_.read_s += now_s() - start;
      library_cost_.bytes += boxes_[k].size();
      ++library_cost_.chunks;
    }
  }
  std::uint64_t filled = 0;
  const auto hand_over = [&] {
    for (std::size_t k = 0; k < operands; ++k) {
      blocks_[k].resize(filled);
      if (cursors_[k])
        tally::add(tally::Unit::bytes, filled * element_bytes(pass_.operands_[k]));  // else its reader does
    }
    use(blocks_);
    filled = 0;
  };
  inside.start.assign(inside.start.size(), 0);
  hdf5::visit_runs_of_box(pass_.grid_.chunk(), inside, inside, part, [&](Range run, std::uint64_t in_box) {
    while (run.size() > 0) {
      const Range next{run.begin, std::min(run.end, run.begin + block_elements - filled)};
      for (std::size_t k = 0; k < operands; ++k) {
        take(k, next, in_box, blocks_[k].bytes() + filled * element_bytes(pass_.operands_[k]));
      }
      filled += next.size();
      in_box += next.size();
      run.begin = next.end;
      if (filled == block_elements) hand_over();
    }
  });
  if (filled > 0) hand_over();
}

hdf5::ReadCost FilePass::Worker::take_cost() {
  hdf5::ReadCost cost = std::exchange(library_cost_, {});
  for (const auto& cursor : cursors_) {
    if (cursor) cost += cursor->take_cost();
  }
  return cost;
}

}  // namespace concdemo
