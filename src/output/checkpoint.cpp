#include "output/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/partition.hpp"
#include "format/checksum.hpp"
#include "format/helper_file.hpp"
#include "system/file_names.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t page_bytes = 4096;

std::string why_no_checkpoint(int file) {
  return is_checkpoint(file) || bears(file, checkpoint_start()) ? "" : "it is no checkpoint of concdemo";
}

// Steps between checkpoints; 0 where it is no number of steps.
std::uint64_t every_of(const CommitEntry& entry) {
  const double every = entry.scalars.empty() ? 0 : entry.scalars.front();
  return every >= 1 && every <= 0x1p53 ? static_cast<std::uint64_t>(every) : 0;
}

// Sum over this rank's part of the elements; anything where they cannot be read.
std::uint64_t checksum_of_part(const mpi::Comm& comm, int file, std::uint64_t offset, std::uint64_t elements) {
  const auto mine = part_of(elements, static_cast<std::uint64_t>(comm.size()), static_cast<std::uint64_t>(comm.rank()));
  std::vector<double> buffer(static_cast<std::size_t>(std::min(mine.size(), block_elements)));
  std::uint64_t sum = 0;
  for (auto at = mine.begin; at < mine.end; at += block_elements) {
    const auto piece = std::span(buffer).first(static_cast<std::size_t>(std::min(mine.end - at, block_elements)));
    activity::beat();
    std::size_t got = 0;
    if (files::read_all(file, std::as_writable_bytes(piece), offset + at * sizeof(double), got) != 0 ||
        got < piece.size_bytes()) {
      return sum + 1;
    }
    sum += checksum(at, piece);
  }
  return sum;
}

}  // namespace

std::string checkpoint_path(const std::string& target) { return target + ".checkpoint"; }

void require_checkpoint_place(const std::string& target) {
  open_helper(checkpoint_path(target), O_RDONLY, why_no_checkpoint);
}

Checkpoint::Checkpoint(const std::string& target, std::uint64_t binding, std::uint64_t rows, std::uint64_t columns)
    : path_(checkpoint_path(target)), binding_(binding), rows_(rows), columns_(columns) {}

std::uint64_t Checkpoint::slot_bytes() const {
  return page_bytes + (rows_ * columns_ * sizeof(double) + page_bytes - 1) / page_bytes * page_bytes;
}

std::uint64_t Checkpoint::field_offset(unsigned slot) const { return slot * slot_bytes() + page_bytes; }

void Checkpoint::find(const mpi::Comm& comm, std::vector<std::string>& messages) {
  struct Slot {
    bool usable = false;
    std::uint64_t step = 0, every = 0, checksum = 0;
    unsigned number = 0;
  };
  std::array<Slot, 2> slots;
  std::string text;
  mpi::on_root(comm, [&] { file_ = {open_helper(path_, O_RDWR, why_no_checkpoint), path_}; });
  if (file_.valid()) {
    bool is_foreign = false, is_damaged = false;
    for (unsigned i = 0; i < slots.size(); ++i) {
      const auto sector = read_sector(file_.get(), i * slot_bytes());
      if (is_blank(sector)) continue;
      const auto entry = from_sector(sector, i);
      const bool is_sound = entry && entry->kind == CommitKind::checkpoint;
      is_damaged = is_damaged || !is_sound;
      if (!is_sound) continue;
      is_foreign = is_foreign || entry->binding != binding_;
      if (entry->binding == binding_) slots[i] = {true, entry->number, every_of(*entry), entry->checksum, i};
    }
    std::sort(slots.begin(), slots.end(),
              [](const Slot& a, const Slot& b) { return a.usable != b.usable ? a.usable : a.step > b.step; });
    if (is_foreign) text = "it belongs to a run of other parameters";
    else if (is_damaged && !slots[0].usable) text = "no checkpoint in it is whole";
  }
  for (auto& slot : slots) {
    slot = comm.broadcast_value(slot);
    if (!slot.usable || found_) continue;
    if (!file_.valid()) static_cast<void>(attempt([&] { file_ = files::File::open(path_, O_RDONLY | O_NOFOLLOW); }));
    const auto offset = field_offset(slot.number);
    const auto mine = file_.valid() ? checksum_of_part(comm, file_.get(), offset, rows_ * columns_) : 0;
    if (comm.sum(mine) == slot.checksum) {
      found_ = SavedStep{slot.step, slot.every};
      slot_ = slot.number;
    } else {
      text = fmt::format("that of step {} is not whole", slot.step);
    }
  }
  text = comm.broadcast(text);
  if (!text.empty()) messages.push_back(fmt::format("{} is ignored: {}", path_, text));
}

void Checkpoint::read(std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const {
  const auto offset = field_offset(slot_) + (row * columns_ + column) * sizeof(double);
  file_.read(block, columns_, offset, "read");
}

void Checkpoint::make(const mpi::Comm& comm, bool reserve, int more_flags) {
  mpi::on_root(comm, [&] {
    const auto bytes = 2 * slot_bytes();
    files::Descriptor file;
    bool goes_on = false;
    const int error = files::at_point("checkpoint", "making " + path_, [&] {
      file = open_helper(path_, O_RDWR, why_no_checkpoint);
      goes_on = found_ && file.valid();
      if (!goes_on) {
        if (file.valid()) files::remove(file.get(), path_);
        files::require(files::create(path_, checkpoint_start(), file));
      }
      files::require(files::resize(file.get(), bytes));
      if (bool unused; reserve) files::require(files::reserve(file.get(), bytes, unused));
      // The one that was found may be a killed run's, and is to outlive the other from now on.
      files::require(files::sync_data(file.get()));
    });
    if (error != 0) {
      if (file.valid() && !goes_on) files::remove(file.get(), path_);
      throw system_error(fmt::format("cannot make {} of {} bytes: {}; make room, or go without checkpoints", path_,
                                     bytes, files::error_text(error)));
    }
    files::sync_folder_of(path_, "checkpoint_folder");
  });
  mpi::together(comm, [&] { file_ = files::File::open(path_, O_RDWR | more_flags); });
  is_made_ = true;
}

void Checkpoint::begin_next(DurableWriter& writer) {
  slot_ = 1 - slot_;
  found_.reset();
  writer.begin(file_, field_offset(slot_), rows_, columns_);
}

DurableWriter::Commit Checkpoint::commit_at(std::uint64_t step, std::uint64_t every) const {
  return [this, place = slot_, step, every](std::span<const std::uint64_t> sums) {
    // The checksum of a block counts elements of the whole field: those of the blocks add up to the field's.
    const auto sum = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
    file_.sync_data("sync");
    const auto sector =
        to_sector({CommitKind::checkpoint, step, 0, sum, binding_, {static_cast<double>(every)}}, place);
    file_.write(std::as_bytes(std::span(sector)), place * slot_bytes(), "checkpoint_commit");
    file_.sync_data("checkpoint_sync");
  };
}

bool Checkpoint::remove() {
  bool is_removed = false;
  static_cast<void>(attempt([&] {
    const auto file = open_helper(path_, O_RDONLY, why_no_checkpoint);
    is_removed = file.valid() && files::remove(file.get(), path_) == 0;
  }));
  return is_removed;
}

}  // namespace concdemo
