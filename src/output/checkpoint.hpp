#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/commit_entry.hpp"
#include "kernels/matrix.hpp"
#include "output/durable_writer.hpp"
#include "output/series_file.hpp"
#include "system/file.hpp"
#include "system/mpi.hpp"

namespace concdemo {

std::string checkpoint_path(const std::string& target);  // target.checkpoint

// Throws usage Error where something else stands there than a checkpoint of any run; touches nothing.
void require_checkpoint_place(const std::string& target);

// FILE.checkpoint: the field at a step between snapshots, in two slots in turn, so that one is whole while the other is
// written. Bound to FILE by a hash of its header. It only saves work: what is torn, damaged or of another file is
// ignored. Slot: a page with the commit entry and, in the first slot, our mark behind it, then the field, row-major.
class Checkpoint {
 public:
  Checkpoint(const std::string& target, std::uint64_t binding, std::uint64_t rows, std::uint64_t columns);

  // Collective: the newest sound one of a file that is there, read through by all ranks; adds a message about what is
  // ignored.
  void find(const mpi::Comm& comm, std::vector<std::string>& messages);
  const std::optional<SavedStep>& found() const { return found_; }
  void read(std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const;  // of found()

  // Collective: the file is there, with its space and a durable name. Throws usage Error for a file that is not ours,
  // system Error.
  void make(const mpi::Comm& comm, bool reserve, int more_flags);
  bool is_made() const { return is_made_; }

  // Of a slot of the file: its field is written from begin_next(writer) on, and commit_at() acknowledges that as the
  // state at `step`.
  void begin_next(DurableWriter& writer);
  DurableWriter::Commit commit_at(std::uint64_t step, std::uint64_t every) const;

  bool remove();  // whether there was one, unless it is somebody else's; one rank

 private:
  std::uint64_t slot_bytes() const;
  std::uint64_t field_offset(unsigned slot) const;
  std::string path_;
  std::uint64_t binding_, rows_, columns_;
  bool is_made_ = false;
  unsigned slot_ = 1;  // of the newest one, or of the next from begin_next() on
  std::optional<SavedStep> found_;
  files::File file_;
};

}  // namespace concdemo
