#include "output/series_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "format/checksum.hpp"
#include "format/verify_blocks.hpp"
#include "format/verify_series.hpp"
#include "output/partial_file.hpp"
#include "output/series_state.hpp"
#include "output/strided.hpp"

namespace concdemo {

void put_at(int file, const std::string& path, std::span<const std::byte> bytes, std::uint64_t offset,
            const char* point) {
  activity::at(fmt::format("writing {} at byte {} ({})", path, offset, point));
  int error = fault::at(point);
  if (error == 0) error = files::write_all(file, bytes, offset);
  if (error == 0) return;
  throw system_error(fmt::format("cannot write {} at byte {}: {}", path, offset, files::error_text(error)));
}

void sync_file(int file, const std::string& path, const char* point) {
  activity::at(fmt::format("fdatasync of {} ({})", path, point));
  int error = fault::at(point);
  if (error == 0) error = files::sync_data(file);
  if (error != 0) throw system_error(fmt::format("{}: fdatasync: {}", path, files::error_text(error)));
}

SeriesFile::State::State(const mpi::Comm& all, const WriterOptions& writer_options)
    : comm(all), options(writer_options), start(now_s()) {}

std::uint64_t SeriesFile::State::commit_offset(std::uint64_t place) const {
  return header.series->commits.offset + place * commit_bytes;
}

// Clients of NFS may widen a write to whole pages as they have them, unless the file is opened so: two nodes that
// share a page would undo each other's work. CONCDEMO_NFS=1 treats any file system so.
int flags_for(const mpi::Comm& comm, int file) {
  const auto leaders = comm.sum(std::uint64_t{comm.split_by_node().is_root()});
  const char* forced = std::getenv("CONCDEMO_NFS");
  const bool is_forced = forced != nullptr && *forced == '1';
  const auto on_nfs = comm.max(std::uint64_t{files::is_nfs(file)});
  return is_forced || (on_nfs > 0 && leaders > 1) ? O_DSYNC : 0;
}

void SeriesFile::State::open_everywhere() {
  target = comm.broadcast(target);
  mpi::together(comm, [&] {
    if (!comm.is_root()) lock = RunLock::join(target);
    const int error = files::open(target, O_RDWR, file);
    if (error != 0) {
      throw usage_error(fmt::format("cannot open {}: {}; it must be in a folder that all nodes share", target,
                                    files::error_text(error)));
    }
  });
  if (const int more = flags_for(comm, file.get()); more != 0) {
    mpi::together(comm, [&] {
      const int error = files::open(target, O_RDWR | more, file);
      if (error != 0) throw system_error(fmt::format("cannot open {}: {}", target, files::error_text(error)));
    });
  }
  mpi::together(comm, [&] {
    auto found = read_header(target);
    if (!found || !found->series) throw usage_error(fmt::format("{} is not the same file on every node", target));
    header = std::move(*found);
  });
}

void SeriesFile::State::start_writing() {
  next = committed;
  const auto text = to_text(header);
  checkpoints.emplace(target, checksum_bytes(0, std::as_bytes(std::span(text))), rows(), columns());
  writer.emplace(comm, options);
}

SeriesFile::SeriesFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
SeriesFile::~SeriesFile() = default;

std::uint64_t SeriesFile::rows() const { return state_->rows(); }
std::uint64_t SeriesFile::columns() const { return state_->columns(); }
std::uint64_t SeriesFile::snapshots() const { return state_->snapshots(); }
std::uint64_t SeriesFile::scalars() const { return state_->header.series->scalars; }
std::uint64_t SeriesFile::committed() const { return state_->committed; }
bool SeriesFile::finished() const { return state_->finished; }
const Attributes& SeriesFile::attributes() const { return state_->header.attributes; }
const std::vector<std::string>& SeriesFile::messages() const { return state_->messages; }

void SeriesFile::read(std::uint64_t snapshot, std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const {
  read_block(state_->file.get(), state_->path, state_->snapshot_offset(snapshot), columns(), row, column, block);
}

void SeriesFile::State::begin() {
  if (std::exchange(is_open, true)) return;
  writer->begin({file.get(), path, snapshot_offset(next), rows(), columns()});
}

void SeriesFile::submit(std::uint64_t snapshot, std::uint64_t row, std::uint64_t column, const MatrixView& block) {
  if (snapshot != state_->next || snapshot >= snapshots()) {
    return fail({ExitCode::system, fmt::format("snapshot {} submitted where {} of {} is next: a bug in this program",
                                               snapshot, state_->next, snapshots())});
  }
  state_->begin();
  if (block.rows > 0 && block.columns > 0) state_->writer->submit(row, column, block);
}

void SeriesFile::finish(std::uint64_t snapshot, double time, std::span<const double> scalars) {
  auto& state = *state_;
  if (snapshot != state.next || snapshot >= snapshots() || !std::isfinite(time) ||
      scalars.size() != state.header.series->scalars) {
    return fail({ExitCode::system,
                 fmt::format("snapshot {} at time {} with {} scalars cannot follow {} of {}: a bug in this program",
                             snapshot, time, scalars.size(), state.next, snapshots())});
  }
  state.begin();
  CommitEntry entry{CommitKind::snapshot, snapshot, time, 0, 0, {scalars.begin(), scalars.end()}};
  for (auto& scalar : entry.scalars) {
    if (std::isnan(scalar)) scalar = std::bit_cast<double>(quiet_nan_bits());
  }
  // On rank 0's I/O thread, after the data are durable. The entry makes it so; what a reader looks at comes last.
  state.writer->finish([&state, entry](std::span<const std::uint64_t> sums) mutable {
    const auto table = snapshot_section(state.header, entry.number).table;
    const int file = state.file.get();
    put_at(file, state.path, std::as_bytes(sums), table.offset, "table");
    sync_file(file, state.path, "table_sync");
    entry.checksum = checksum_bytes(0, std::as_bytes(sums));
    const auto sector = to_sector(entry, entry.number);
    put_at(file, state.path, std::as_bytes(std::span(sector)), state.commit_offset(entry.number), "commit");
    sync_file(file, state.path, "commit_sync");
    const auto place = [&](std::size_t dataset) {
      return state.header.datasets[dataset].data.offset + entry.number * sizeof(double);
    };
    for (std::size_t i = 0; i < entry.scalars.size(); ++i) {
      put_at(file, state.path, std::as_bytes(std::span(&entry.scalars[i], 1)), place(2 + i), "scalar");
    }
    put_at(file, state.path, std::as_bytes(std::span(&entry.time, 1)), place(1), "time");
    state.xdmf->add(entry.time);
  });
  state.handed.push_back({true, snapshot});
  state.is_open = false;
  ++state.next;
}

bool SeriesFile::checkpoint(std::uint64_t step, std::uint64_t every, std::uint64_t row, std::uint64_t column,
                            const MatrixView& block) {
  auto& state = *state_;
  if (state.is_open) {
    fail({ExitCode::system, "a checkpoint inside a snapshot: a bug in this program"});
    return false;
  }
  // The other slot has to be whole before this one is written.
  for (const auto& handed : state.handed) {
    if (!handed.is_snapshot) return false;
  }
  if (!state.checkpoints->is_made()) {
    state.checkpoints->make(state.comm, state.options.reserve, flags_for(state.comm, state.file.get()));
  }
  state.writer->begin(state.checkpoints->next_target());
  if (block.rows > 0 && block.columns > 0) state.writer->submit(row, column, block);
  state.writer->finish(state.checkpoints->commit_at(step, every));
  state.handed.push_back({false, step});
  return true;
}

std::optional<std::uint64_t> SeriesFile::checkpoint_step() const {
  const auto& found = state_->checkpoints->found();
  return found ? std::optional(found->step) : std::nullopt;
}

std::uint64_t SeriesFile::checkpoint_every() const {
  const auto& found = state_->checkpoints->found();
  return found ? found->every : 0;
}

void SeriesFile::read_checkpoint(std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const {
  state_->checkpoints->read(row, column, block);
}

std::size_t SeriesFile::left() const { return state_->writer->thread().left(); }
void SeriesFile::wait_until_left(std::size_t submissions) { state_->writer->thread().wait_until_left(submissions); }
void SeriesFile::wait_until_written() {
  auto& state = *state_;
  const double start = now_s();
  state.writer->wait_until_written();
  const double sync_start = now_s();
  const auto failure = attempt([&] { sync_file(state.file.get(), state.path, "sync"); });
  if (failure.failed()) fail(failure);
  const double end = now_s();
  state.writer->thread().note_sync(sync_start, end);
  state.writer->thread().note_wait(start, end);
  state.drain_s += end - start;
}
void SeriesFile::fail(const Failure& failure) { state_->writer->fail(failure); }

void SeriesFile::State::take_in(const DurableWriter::Progress& progress) {
  for (; matrices < progress.committed; ++matrices, handed.pop_front()) {
    const auto& done = handed.front();
    if (done.is_snapshot) committed = done.number + 1;
    else newest_checkpoint = done.number;
  }
}

StepState SeriesFile::agree(int signal) {
  const auto progress = state_->writer->agree(signal);
  state_->take_in(progress);
  return {state_->committed, state_->newest_checkpoint, progress.signal};
}

void SeriesFile::State::seal() {
  sync_file(file.get(), path, "time_sync");  // time and scalars of the last snapshot
  if (committed == snapshots() && !finished) {
    const auto sector = to_sector({CommitKind::end, snapshots(), 0, 0, 0, {}}, snapshots());
    put_at(file.get(), path, std::as_bytes(std::span(sector)), commit_offset(snapshots()), "end");
  }
  activity::at("fsync of " + path);
  int error = fault::at("end_sync");
  if (error == 0) error = files::sync_all(file.get());
  if (error == 0) error = file.close();
  if (error != 0) throw system_error(fmt::format("{}: fsync: {}", path, files::error_text(error)));
  xdmf->complete();
  if (committed == snapshots()) checkpoints->remove();
  lock.remove();
  sync_folder_of(target, "end_names");
}

OutputStats SeriesFile::close() {
  auto& state = *state_;
  const double drain_start = now_s();
  state.take_in(state.writer->drain());
  const double seal_start = now_s();
  state.drain_s += seal_start - drain_start;
  mpi::together(state.comm, [&] {
    if (state.comm.is_root()) return state.seal();
    const int error = state.file.close();
    if (error != 0) throw system_error(fmt::format("{}: close: {}", state.path, files::error_text(error)));
  });
  const double end = now_s();
  state.writer->thread().note_sync(seal_start, end);
  state.writer->thread().note_wait(drain_start, end);
  OutputStats stats;
  stats.begin_s = state.start;
  stats.timeline = state.writer->thread().timeline().since(state.start);
  stats.file = state.path;
  stats.bytes = state.header.file_bytes;
  stats.io_busy_s = state.comm.max(state.writer->thread().busy_s());
  stats.stall_s = state.comm.max(state.writer->thread().stall_s());
  stats.drain_s = state.comm.max(state.drain_s);
  stats.durable_s = state.comm.max(now_s() - state.start);
  stats.reserved = state.reserved;
  return stats;
}

}  // namespace concdemo
