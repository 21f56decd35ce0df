#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"
#include "format/foreign_file.hpp"
#include "format/verify_blocks.hpp"
#include "format/verify_series.hpp"
#include "output/series_state.hpp"

namespace concdemo {
namespace {

Error damaged(const std::string& path, const std::string& what) {
  return {ExitCode::verification,
          fmt::format("{} cannot be resumed, its {} is damaged; run from the start", path, what)};
}

// Before anything is made beside a file that is no run's.
void refuse_foreign(const std::string& path, const HeaderReading& reading, int file) {
  if (!reading.ours) {
    throw usage_error(fmt::format("{} cannot be resumed: it is no file of snapshots that `run --output` began, {}",
                                  path, foreign_kind(file)));
  }
  if (!reading.header) refuse_newer(reading, path);
  if (reading.header && !reading.header->series) {
    throw usage_error(fmt::format("{} is not a file of time steps; it has nothing to resume", path));
  }
}

// Rank 0: what must be right to go on at all: header, metadata, axes, and that there are commit entries. Writes
// nothing.
HeaderReading read_start(const std::string& target, const files::File& opened) {
  const auto& path = opened.path();
  const int file = opened.get();
  auto reading = read_header_copies(target);
  refuse_foreign(path, reading, file);
  if (!reading.header) throw damaged(path, fmt::format("header ({})", fmt::join(reading.damage, "; ")));
  const auto& header = *reading.header;
  const auto bytes = opened.size();
  const bool has_metadata = checksum_of(file, metadata_places(header)) == header.metadata_checksum;
  if (bytes < header.series->commits.offset + commit_bytes || (!has_metadata && bytes < header.file_bytes)) {
    throw damaged(path, fmt::format("end ({} bytes instead of {})", bytes, header.file_bytes));
  }
  if (!has_metadata) throw damaged(path, "metadata");
  for (auto i = first_dataset_section(header); i < header.datasets.size(); ++i) {
    const auto section = dataset_section(header, i);
    bool is_sound = is_sound_table(file, section.table, header.datasets[i].table_checksum);
    std::vector<Block> blocks;
    for (std::uint64_t b = 0; is_sound && b < section.table.bytes / sizeof(std::uint64_t); ++b) {
      blocks.push_back({&section, b});
    }
    if (!is_sound || !damaged_blocks(file, blocks).empty()) throw damaged(path, section.name);
  }
  return reading;
}

// Rank 0, when it is known that the run goes on: the header and the length.
void mend_start(const files::File& file, const HeaderReading& reading, std::vector<std::string>& messages) {
  const auto& path = file.path();
  const auto& header = *reading.header;
  if (!reading.damage.empty()) {
    const auto text = to_text(header);
    file.write(std::as_bytes(std::span(text)), 0, "header");
    messages.push_back(fmt::format("{}: {}: mended from the sound one", path, reading.damage.front()));
  }
  const auto bytes = file.size();
  if (bytes == header.file_bytes) return;
  messages.push_back(
      bytes > header.file_bytes
          ? fmt::format("{}: {} bytes that followed its end are cut off", path, bytes - header.file_bytes)
          : fmt::format("{}: {} bytes instead of {}: what is missing is made again", path, bytes, header.file_bytes));
  const int error = files::resize(file.get(), header.file_bytes);
  if (error != 0) throw system_error(fmt::format("cannot resize {}: {}", path, files::error_text(error)));
}

// Collective. How many of the first `count` snapshots hold what their entries say, up to the first that does not. All
// are read: a damaged one in the middle would be in the finished file.
std::uint64_t sound_snapshots(const mpi::Comm& comm, int file, const FileHeader& header, const SeriesReading& reading) {
  std::uint64_t first = 0;
  const auto has_table = [&](std::uint64_t snapshot) {
    const auto expected = reading.entries[static_cast<std::size_t>(snapshot)].checksum;
    return is_sound_table(file, snapshot_section(header, snapshot).table, expected);
  };
  while (first < reading.committed && has_table(first)) ++first;  // none but on rank 0
  first = comm.broadcast_value(first);
  std::vector<Section> sections;
  for (std::uint64_t i = 0; i < first; ++i) sections.push_back(snapshot_section(header, i));
  const auto blocks = my_blocks(comm, sections);
  for (const auto i : damaged_blocks(file, blocks)) {
    first = std::min(first, static_cast<std::uint64_t>(blocks[i].section - sections.data()));
  }
  return comm.min(first);
}

// What is computed or written anew, as messages.
void tell_mended(const std::string& path, const SeriesReading& reading, std::uint64_t committed,
                 std::vector<std::string>& messages) {
  if (committed < reading.written) {
    const auto what =
        committed < reading.committed ? fmt::format("snapshot {}", committed) : reading.damage.lines().front();
    messages.push_back(fmt::format("{}: {} is damaged; going on from {}", path, what, counted(committed, "snapshot")));
  }
  if (committed == reading.written && reading.damage.count() > 0) {
    messages.push_back(fmt::format("{}: {}: damaged, and written anew", path, reading.damage.lines().front()));
  }
  const auto& values = reading.values;
  if (values.count() == 0) return;
  const auto more = values.count() - values.lines().size();
  messages.push_back(fmt::format("{}: {}{}: damaged, and mended from the commit entries", path,
                                 fmt::join(values.lines(), ", "), more > 0 ? fmt::format(" and {} more", more) : ""));
}

// Rank 0: what is not committed is as it was when the file was made, and what is, is there for readers. The values go
// before the entries, so that a value never stands without one; the entries go with the next snapshot's sync.
void reset_after(const files::File& file, const FileHeader& header, const SeriesReading& reading,
                 std::uint64_t committed) {
  constexpr std::uint64_t piece = 1 << 16;  // snapshots
  const auto& series = *header.series;
  for (std::size_t d = 1; d < 2 + series.scalars; ++d) {
    for (std::uint64_t begin = 0; begin < series.snapshots; begin += piece) {
      std::vector<std::uint64_t> values(static_cast<std::size_t>(std::min(piece, series.snapshots - begin)),
                                        quiet_nan_bits());
      for (auto i = begin; i < std::min(committed, begin + piece); ++i) {
        const auto& entry = reading.entries[static_cast<std::size_t>(i)];
        values[static_cast<std::size_t>(i - begin)] =
            std::bit_cast<std::uint64_t>(d == 1 ? entry.time : entry.scalars[d - 2]);
      }
      const auto offset = header.datasets[d].data.offset + begin * sizeof(double);
      file.write(std::as_bytes(std::span(values)), offset, "reset");
    }
  }
  file.sync_data("reset_sync");
  const std::vector<std::byte> zeros(piece);
  const auto clear = [&](std::uint64_t begin, std::uint64_t end) {  // entries
    const auto bytes = (end - begin) * commit_bytes;
    for (std::uint64_t at = 0; at < bytes; at += piece) {
      const auto part = std::span(zeros).first(static_cast<std::size_t>(std::min(piece, bytes - at)));
      file.write(part, series.commits.offset + begin * commit_bytes + at, "reset");
    }
  };
  clear(committed, std::max(committed, reading.written));  // those that follow are blank
  clear(series.snapshots, series.snapshots + 1);
}

}  // namespace

std::unique_ptr<SeriesFile> SeriesFile::open(const mpi::Comm& comm, const std::string& path,
                                             const WriterOptions& options,
                                             const std::function<void(const SeriesFile&)>& require) {
  files::ignore_size_signal();
  std::unique_ptr<SeriesFile> opened(new SeriesFile(std::make_unique<State>(comm, options)));
  auto& state = *opened->state_;
  state.stats.file = path;
  HeaderReading start;
  SeriesReading reading;
  // Nothing was written yet, and nothing is left behind.
  const auto or_unlock = [&](const std::function<void()>& work) {
    const auto failure = attempt(work);
    if (!failure.failed()) return;
    if (comm.is_root()) state.lock.remove();
    throw Error(failure.code, failure.text);
  };
  mpi::together(comm, [&] {
    fault::arm(comm.rank());
    if (!comm.is_root()) return;
    std::error_code unused;
    state.target = std::filesystem::canonical(path, unused).string();
    state.file = open_file(path, state.target, O_RDWR, "name a file to resume, that you may write");
    refuse_foreign(path, read_header_copies(state.target), state.file.get());
    state.lock = RunLock::take(state.target);
    activity::at("reading " + path);
    or_unlock([&] {
      start = read_start(state.target, state.file);
      require_checkpoint_place(state.target);
      Xdmf(state.target, {}).require_place();
    });
  });
  state.open_everywhere();
  if (require) or_unlock([&] { require(*opened); });
  mpi::on_root(comm, [&] {
    or_unlock([&] {
      reading = read_series(state.file.get(), state.header);
      if (reading.is_hollow) {
        throw damaged(path,
                      fmt::format("header (it tells of {} snapshots, for which there is no place)", state.snapshots()));
      }
    });
  });
  const auto committed = sound_snapshots(comm, state.file.get(), state.header, reading);
  const bool is_told_right = reading.finished && reading.values.count() == 0;
  state.committed = committed;
  state.finished = comm.broadcast_value(is_told_right) && committed == state.snapshots();
  mpi::on_root(comm, [&] {
    or_unlock([&] {
      if (committed > 0) return;
      if (reading.written > 0)
        throw damaged(path, "start (snapshot 0)");  // the others may be of use to somebody: they stay
      if (reading.values.count() > 0)
        throw damaged(path, "table of commit entries");  // no value comes before its entry
      if (!require) return;
      throw usage_error(fmt::format(
          "{} has no snapshot yet, not even its start: nothing is lost; begin again with run --force", path));
    });
    mend_start(state.file, start, state.messages);
    tell_mended(path, reading, committed, state.messages);
    std::vector<double> times;
    for (std::uint64_t i = 0; i < committed; ++i) times.push_back(reading.entries[static_cast<std::size_t>(i)].time);
    const auto& field = state.header.datasets[0];
    state.file.sync_data("found_sync");  // what a killed run wrote, before anybody is shown it
    state.xdmf.emplace(state.target, XdmfField{field.name, field.shape[0], field.shape[1], field.shape[2]});
    state.xdmf->start(std::move(times));
    if (!state.finished) reset_after(state.file, state.header, reading, committed);
    state.stats.reserved = files::allocated_bytes(state.file.get()) >= state.header.file_bytes;
  });
  state.stats.reserved = comm.broadcast_value(state.stats.reserved);
  state.start_writing();
  if (committed < state.snapshots()) state.checkpoints->find(comm, state.messages);
  std::string lines;
  for (const auto& line : state.messages) lines += printable(line) + '\n';
  lines = comm.broadcast(lines);
  state.messages.clear();
  for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
    state.messages.push_back(lines.substr(at, end - at));
  }
  return opened;
}

}  // namespace concdemo
