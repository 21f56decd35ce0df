#include "output/series_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "format/checksum.hpp"
#include "format/verify_blocks.hpp"
#include "format/verify_series.hpp"
#include "output/series_state.hpp"

namespace concdemo {

SeriesFile::State::State(const mpi::Comm& all, const WriterOptions& writer_options)
    : comm(all), options(writer_options) {
  stats.begin_s = now_s();
}

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
  files::Descriptor opened;
  mpi::together(comm, [&] {
    if (!comm.is_root()) lock = RunLock::join(target);
    if (const int error = files::open(target, O_RDWR, opened)) {
      throw usage_error(fmt::format("cannot open {}: {}; it must be in a folder that all nodes share", target,
                                    files::error_text(error)));
    }
  });
  const int more_flags = flags_for(comm, opened.get());
  mpi::together(comm, [&] {
    file = {std::move(opened), stats.file};
    if (more_flags != 0) file = files::File::open(target, O_RDWR | more_flags);
    auto found = read_header(target);
    if (!found || !found->series) throw usage_error(fmt::format("{} is not the same file on every node", target));
    header = std::move(*found);
    stats.bytes = header.file_bytes;
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
  const auto offset = state_->snapshot_offset(snapshot) + (row * columns() + column) * sizeof(double);
  state_->file.read(block, columns(), offset, "read");
}

void SeriesFile::State::begin() {
  if (!writer->is_open()) writer->begin(file, snapshot_offset(next), rows(), columns());
}

void SeriesFile::submit(std::uint64_t snapshot, std::uint64_t row, std::uint64_t column, const MatrixView& block) {
  if (snapshot != state_->next || snapshot >= snapshots()) {
    return fail({ExitCode::system, fmt::format("snapshot {} submitted where {} of {} is next: a bug in this program",
                                               snapshot, state_->next, snapshots())});
  }
  state_->begin();
  state_->writer->submit(row, column, block);
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
  const auto commit = [&state, entry](std::span<const std::uint64_t> sums) mutable {
    const auto table = snapshot_section(state.header, entry.number).table;
    const auto& file = state.file;
    file.write(std::as_bytes(sums), table.offset, "table");
    file.sync_data("table_sync");
    entry.checksum = checksum_bytes(0, std::as_bytes(sums));
    const auto sector = to_sector(entry, entry.number);
    file.write(std::as_bytes(std::span(sector)), state.commit_offset(entry.number), "commit");
    file.sync_data("commit_sync");
    const auto put_value = [&](std::size_t dataset, const double& value, const char* point) {
      const auto offset = state.header.datasets[dataset].data.offset + entry.number * sizeof(double);
      file.write(std::as_bytes(std::span(&value, 1)), offset, point);
    };
    for (std::size_t i = 0; i < entry.scalars.size(); ++i) put_value(2 + i, entry.scalars[i], "scalar");
    put_value(1, entry.time, "time");
    state.xdmf->add(entry.time);
  };
  state.writer->finish(commit, [&state, snapshot] { state.committed = snapshot + 1; });
  ++state.next;
}

bool SeriesFile::checkpoint(std::uint64_t step, std::uint64_t every, std::uint64_t row, std::uint64_t column,
                            const MatrixView& block) {
  auto& state = *state_;
  if (state.writer->is_open()) {
    fail({ExitCode::system, "a checkpoint inside a snapshot: a bug in this program"});
    return false;
  }
  if (state.is_saving) return false;  // the other slot has to be whole before this one is written
  if (!state.checkpoints->is_made()) {
    state.checkpoints->make(state.comm, state.options.reserve, flags_for(state.comm, state.file.get()));
  }
  state.checkpoints->begin_next(*state.writer);
  state.writer->submit(row, column, block);
  state.is_saving = true;
  state.writer->finish(state.checkpoints->commit_at(step, every), [&state, step] {
    state.newest_checkpoint = step;
    state.is_saving = false;
  });
  return true;
}

const std::optional<SavedStep>& SeriesFile::saved() const { return state_->checkpoints->found(); }

void SeriesFile::read_checkpoint(std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const {
  state_->checkpoints->read(row, column, block);
}

std::size_t SeriesFile::submissions_left() const { return state_->writer->thread().jobs_left(); }
void SeriesFile::wait_until_left(std::size_t submissions) { state_->writer->thread().wait_until_left(submissions); }
void SeriesFile::wait_until_written() {
  auto& state = *state_;
  const double start = now_s();
  state.writer->wait_until_written();
  const double sync_start = now_s();
  const auto failure = attempt([&] { state.file.sync_data("sync"); });
  if (failure.failed()) fail(failure);
  const double end = now_s();
  state.writer->thread().note([&](IoTimeline& timeline) {
    timeline.sync(sync_start, end);
    timeline.wait(start, end);
  });
  state.stats.drain_s += end - start;
}
void SeriesFile::fail(const Failure& failure) { state_->writer->fail(failure); }

StepState SeriesFile::agree(int signal) {
  const int agreed_signal = state_->writer->agree(signal);
  return {state_->committed, state_->newest_checkpoint, agreed_signal};
}

void SeriesFile::State::seal() {
  file.sync_data("time_sync");  // time and scalars of the last snapshot
  if (committed == snapshots() && !finished) {
    const auto sector = to_sector({CommitKind::end, snapshots(), 0, 0, 0, {}}, snapshots());
    file.write(std::as_bytes(std::span(sector)), commit_offset(snapshots()), "end");
  }
  file.sync_all("end_sync");
  file.close();
  xdmf->complete();
  if (committed == snapshots()) checkpoints->remove();
  lock.remove();
  files::sync_folder_of(target, "end_names");
}

OutputStats SeriesFile::close() {
  auto& state = *state_;
  const double drain_start = now_s();
  state.writer->drain();
  const double seal_start = now_s();
  state.stats.drain_s += seal_start - drain_start;
  mpi::together(state.comm, [&] { state.comm.is_root() ? state.seal() : state.file.close(); });
  return complete(std::move(state.stats), state.comm, state.writer->thread(), drain_start, seal_start);
}

}  // namespace concdemo
