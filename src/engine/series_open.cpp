#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "engine/checkpoint.hpp"
#include "engine/series_state.hpp"
#include "engine/verify_blocks.hpp"
#include "engine/verify_series.hpp"

namespace concdemo {
namespace {

Error damaged(const std::string& path, const std::string& what) {
  return {ExitCode::verification,
          fmt::format("{} cannot be resumed, its {} is damaged; run from the start", path, what)};
}

// Rank 0: what must be right to go on at all: header, length, metadata, axes. Writes nothing.
HeaderReading read_start(const std::string& path, const std::string& target, int file) {
  auto reading = read_header_copies(target);
  if (!reading.ours) {
    const char* what = is_checkpoint(file) ? "is a checkpoint; name the run's file"
                                           : "cannot be resumed: it is no file of run heat --output, or of --writer hdf5";
    throw usage_error(fmt::format("{} {}", path, what));
  }
  if (!reading.header) throw damaged(path, "header");
  const auto& header = *reading.header;
  if (!header.series) throw usage_error(fmt::format("{} is not a file of time steps; it has nothing to resume", path));
  if (!has_checksum(file, metadata_places(header), header.metadata_checksum)) throw damaged(path, "metadata");
  std::uint64_t bytes = 0;
  const int error = files::size_of(file, bytes);
  if (error != 0) throw system_error(fmt::format("cannot read {}: {}", path, files::error_text(error)));
  if (bytes < header.series->commits.offset + header.series->commits.bytes) {
    throw damaged(path, fmt::format("end ({} bytes instead of {})", bytes, header.file_bytes));
  }
  const auto axes = sections_of(header, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto expected = header.datasets[2 + header.series->scalars + i].table_checksum;
    std::vector<Block> blocks;
    for (std::uint64_t b = 0; b < axes[i].table.bytes / sizeof(std::uint64_t); ++b) blocks.push_back({&axes[i], b});
    if (table_checksum(file, axes[i].table) != expected || !damaged_blocks(file, blocks).empty()) {
      throw damaged(path, axes[i].name);
    }
  }
  return reading;
}

// Rank 0, when it is known that the run goes on.
void mend_start(const std::string& path, int file, const HeaderReading& reading, std::vector<std::string>& messages) {
  const auto& header = *reading.header;
  if (!reading.damage.empty()) {
    const auto text = to_text(header);
    put_at(file, path, std::as_bytes(std::span(text)), 0, "header");
    messages.push_back(fmt::format("{}: {} was damaged and is mended from the other", path, reading.damage.front()));
  }
  std::uint64_t bytes = 0;
  int error = files::size_of(file, bytes);
  if (error == 0 && bytes != header.file_bytes) {
    messages.push_back(fmt::format("{} has {} bytes instead of {}: what is missing is computed again", path, bytes,
                                   header.file_bytes));
    error = files::resize(file, header.file_bytes);
  }
  if (error != 0) throw system_error(fmt::format("cannot resize {}: {}", path, files::error_text(error)));
}

// Collective. How many of the first `count` snapshots hold what their entries say, up to the first that does not. All
// are read: a damaged one in the middle would be in the finished file.
std::uint64_t sound_snapshots(const mpi::Comm& comm, int file, const FileHeader& header, const SeriesReading& reading,
                              std::uint64_t count) {
  std::vector<Section> sections;
  std::string sound;
  for (std::uint64_t i = 0; i < count; ++i) {
    sections.push_back(snapshot_section(header, i));
    if (!comm.is_root()) continue;
    const auto expected = reading.entries[static_cast<std::size_t>(i)]->checksum;
    sound += table_checksum(file, sections.back().table) == expected ? '1' : '0';
  }
  sound = comm.broadcast(sound);
  const auto blocks = my_blocks(comm, sections, sound);
  auto first = std::min<std::uint64_t>(count, sound.find('0'));
  for (const auto i : damaged_blocks(file, blocks)) {
    first = std::min(first, static_cast<std::uint64_t>(blocks[i].section - sections.data()));
  }
  return comm.min(first);
}

// Rank 0: what is not committed is as it was when the file was made, and what is, is there for readers. The values go
// before the entries, so that a value never stands without one; the entries go with the next snapshot's sync.
void reset_after(const std::string& path, int file, const FileHeader& header, const SeriesReading& reading,
                 std::uint64_t committed) {
  const auto& series = *header.series;
  for (std::size_t d = 1; d < 2 + series.scalars; ++d) {
    std::vector<std::uint64_t> values(static_cast<std::size_t>(series.snapshots), quiet_nan_bits());
    for (std::size_t i = 0; i < committed; ++i) {
      const auto& entry = *reading.entries[i];
      values[i] = std::bit_cast<std::uint64_t>(d == 1 ? entry.time : entry.scalars[d - 2]);
    }
    put_at(file, path, std::as_bytes(std::span(values)), header.datasets[d].data.offset, "reset");
  }
  sync_file(file, path, "reset_sync");
  const std::vector<std::byte> zeros(static_cast<std::size_t>((series.snapshots + 1 - committed) * commit_bytes));
  put_at(file, path, zeros, series.commits.offset + committed * commit_bytes, "reset");
}

}  // namespace

std::unique_ptr<SeriesFile> SeriesFile::open(const mpi::Comm& comm, const std::string& path,
                                             const WriterOptions& options, bool needs_start) {
  files::ignore_size_signal();
  auto state = std::make_unique<State>(comm, options);
  state->path = path;
  HeaderReading start;
  mpi::together(comm, [&] {
    fault::arm(comm.rank());
    if (!comm.is_root()) return;
    std::error_code unused;
    state->target = std::filesystem::canonical(path, unused).string();
    int error = state->target.empty() ? ENOENT : files::open(state->target, O_RDWR | O_NONBLOCK, state->file);
    std::uint64_t bytes = 0;
    if (error == 0) error = files::size_of(state->file.get(), bytes);
    if (error != 0) {
      throw usage_error(fmt::format("cannot read {}: {}; name a file to resume", path, files::error_text(error)));
    }
    state->lock = RunLock::take(state->target);
    activity::at("reading " + path);
    try {
      Xdmf(state->target, {}).require_place(false);
      start = read_start(path, state->target, state->file.get());
    } catch (...) {
      state->lock.remove();
      throw;
    }
  });
  state->open_everywhere();

  SeriesReading reading;
  mpi::together(comm, [&] {
    if (comm.is_root()) reading = read_series(state->file.get(), state->header);
  });
  const auto written = comm.broadcast_value(std::uint64_t{reading.entries.size()});
  const auto committed =
      sound_snapshots(comm, state->file.get(), state->header, reading, comm.broadcast_value(reading.committed));
  state->committed = committed;
  state->finished = comm.broadcast_value(reading.finished) && committed == state->snapshots();
  mpi::together(comm, [&] {
    if (!comm.is_root()) return;
    if (committed == 0 && (written > 0 || needs_start)) {
      state->lock.remove();
      if (written > 0) throw damaged(path, "start (snapshot 0)");  // the others may be of use to somebody: they stay
      throw usage_error(fmt::format(
          "{} has no snapshot yet, not even its start: nothing is lost; begin again with run --force", path));
    }
    mend_start(path, state->file.get(), start, state->messages);
    if (committed < written) {
      state->messages.push_back(fmt::format(
          "{}: snapshot {} or its commit entry is damaged; going on from {} snapshots", path, committed, committed));
    }
    std::vector<double> times;
    for (std::uint64_t i = 0; i < committed; ++i) times.push_back(reading.entries[static_cast<std::size_t>(i)]->time);
    const auto& field = state->header.datasets[0];
    sync_file(state->file.get(), path, "found_sync");  // what a killed run wrote, before anybody is shown it
    state->xdmf.emplace(state->target, XdmfField{field.name, field.shape[0], field.shape[1], field.shape[2]});
    state->xdmf->start(std::move(times));
    if (!state->finished) reset_after(path, state->file.get(), state->header, reading, committed);
    state->reserved = files::allocated_bytes(state->file.get()) >= state->header.file_bytes;
  });
  state->reserved = comm.broadcast_value(state->reserved);
  state->start_writing();
  if (!state->finished) state->checkpoints->find(comm, state->messages);
  std::string lines;
  for (const auto& line : state->messages) lines += line + '\n';
  lines = comm.broadcast(lines);
  state->messages.clear();
  for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
    state->messages.push_back(lines.substr(at, end - at));
  }
  return std::unique_ptr<SeriesFile>(new SeriesFile(std::move(state)));
}

}  // namespace concdemo
