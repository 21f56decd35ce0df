#include "format/verify_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <sstream>
#include <utility>

#include "base/error.hpp"
#include "format/file_header.hpp"
#include "format/foreign_file.hpp"
#include "format/verify_blocks.hpp"
#include "format/verify_series.hpp"

namespace concdemo {
namespace {

// What rank 0 finds before the blocks: header, length, metadata, entries, tables.
struct Start {
  std::optional<FileHeader> header;
  std::uint64_t bytes = 0;
  DamageList damage;
  std::optional<SeriesProgress> series;
  std::vector<std::uint64_t> snapshots, datasets;  // whose tables are sound: their blocks are to be compared
};

files::File open(const std::string& path) { return open_file(path, path, O_RDONLY, "name a file that you may read"); }

Start read_start(const std::string& path) {
  Start start;
  const auto file = open(path);
  start.bytes = file.size();
  auto reading = read_header_copies(path);
  if (!reading.ours) {
    throw usage_error(
        fmt::format("{} is not an output file of concdemo: {}; name one that is", path, foreign_kind(file.get())));
  }
  if (!reading.header) refuse_newer(reading, path);
  start.header = std::move(reading.header);
  for (auto& line : reading.damage) start.damage.add(std::move(line));
  if (!start.header) return start;
  const auto& header = *start.header;
  if (start.bytes != header.file_bytes) {
    start.damage.add(fmt::format("length: {} bytes instead of {}", start.bytes, header.file_bytes));
  }
  if (checksum_of(file.get(), metadata_places(header)) != header.metadata_checksum) start.damage.add("metadata");
  const auto check_table = [&](const Section& section, std::uint64_t expected) {
    const bool is_sound = is_sound_table(file.get(), section.table, expected);
    if (!is_sound) start.damage.add("checksum table of " + section.name);
    return is_sound;
  };
  if (header.series) {
    const auto series = read_series(file.get(), header);
    start.series = {series.committed, header.series->snapshots, series.finished};
    start.damage.add(series.damage);
    start.damage.add(series.values);
    for (const auto& entry : series.entries) {
      if (check_table(snapshot_section(header, entry.number), entry.checksum)) start.snapshots.push_back(entry.number);
    }
  }
  for (auto i = first_dataset_section(header); i < header.datasets.size(); ++i) {
    if (check_table(dataset_section(header, i), header.datasets[i].table_checksum)) start.datasets.push_back(i);
  }
  return start;
}

// The same file is on every node.
FileHeader agree_on_header(const mpi::Comm& comm, const std::string& path, const std::optional<FileHeader>& found) {
  std::optional<FileHeader> header;
  const auto text = comm.broadcast(comm.is_root() ? to_text(*found) : "");
  mpi::together(comm, [&] {
    header = comm.is_root() ? found : read_header(path);
    if (header && to_text(*header) == text) return;
    throw usage_error(fmt::format("{} is not the same file on every node; name one in a shared folder", path));
  });
  return std::move(*header);
}

std::vector<std::uint64_t> broadcast(const mpi::Comm& comm, std::vector<std::uint64_t> numbers) {
  numbers.resize(comm.broadcast_value(numbers.size()));
  comm.broadcast(std::as_writable_bytes(std::span(numbers)));
  return numbers;
}

// Collective: the damaged blocks, told by the ranks that compared them.
struct Blocks {
  std::uint64_t compared = 0;  // by this rank
  DamageList damage;           // of this rank's
};

Blocks compare_blocks(const mpi::Comm& comm, const std::string& path, const Start& start) {
  const auto header = agree_on_header(comm, path, start.header);
  const auto snapshots = broadcast(comm, start.snapshots), datasets = broadcast(comm, start.datasets);
  Blocks found;
  mpi::together(comm, [&] {
    std::vector<Section> sections;
    for (const auto snapshot : snapshots) sections.push_back(snapshot_section(header, snapshot));
    for (const auto dataset : datasets) sections.push_back(dataset_section(header, static_cast<std::size_t>(dataset)));
    const auto file = open(path);
    const auto blocks = my_blocks(comm, sections);
    found.compared = blocks.size();
    for (const auto i : damaged_blocks(file.get(), blocks)) found.damage.add(describe(blocks[i]));
  });
  return found;
}

}  // namespace

VerifyReport verify_file(const mpi::Comm& comm, const std::string& path) {
  Start start;
  mpi::on_root(comm, [&] { start = read_start(path); });
  Blocks blocks;
  if (comm.broadcast_value(start.header.has_value())) blocks = compare_blocks(comm, path, start);
  VerifyReport report;
  report.bytes = comm.broadcast_value(start.bytes);
  report.blocks = comm.sum(blocks.compared);
  if (comm.broadcast_value(start.series.has_value())) {
    report.series = comm.broadcast_value(start.series.value_or(SeriesProgress()));
  }
  const auto count = comm.sum(blocks.damage.count() + (comm.is_root() ? start.damage.count() : 0));
  auto mine = start.damage;
  mine.add(blocks.damage);
  std::string all;
  for (const auto& lines : comm.all_gather(fmt::format("{}", fmt::join(mine.lines(), "\n")))) {
    if (!lines.empty()) all += lines + "\n";
  }
  std::istringstream stream(all);
  for (std::string line; report.damage.size() < DamageList::most_lines && std::getline(stream, line);) {
    report.damage.push_back(line);
  }
  report.sound = count == 0;
  const auto told = report.damage.size();
  if (count > told) report.damage.push_back(fmt::format("and {} more", count - told));
  return report;
}

}  // namespace concdemo
