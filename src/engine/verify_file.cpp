#include "engine/verify_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/error.hpp"
#include "engine/checkpoint.hpp"
#include "engine/file_header.hpp"
#include "engine/verify_blocks.hpp"
#include "engine/verify_series.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

constexpr std::size_t max_lines = 20;

std::string looks_like(int file, std::uint64_t bytes) {
  if (bytes == 0) return "it is empty";
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  for (std::uint64_t at = 0; at < bytes && at < (std::uint64_t{1} << 30); at = at == 0 ? 512 : 2 * at) {
    std::vector<std::byte> buffer;
    const auto start = read_place(file, {at, signature.size()}, buffer);
    if (start.empty() || std::memcmp(start.data(), signature.data(), signature.size()) != 0) continue;
    return at == 0 ? "it is an HDF5 file made by another program"
                   : "it is an HDF5 file without checksums of ours: unfinished, of --writer hdf5, or made by another program";
  }
  return "it is not an HDF5 file";
}

// What rank 0 finds before the blocks: header, length, metadata, tables.
struct Start {
  std::optional<FileHeader> header;
  std::uint64_t bytes = 0;
  std::vector<std::string> damage;
  std::optional<SeriesReading> series;
  std::string table_sound;  // '1' or '0' a section
  std::uint64_t snapshots() const { return series ? series->entries.size() : 0; }
};

files::Descriptor open(const std::string& path, std::uint64_t& bytes) {
  files::Descriptor file;
  int error = files::open(path, O_RDONLY | O_NONBLOCK, file);
  if (error == 0) error = files::size_of(file.get(), bytes);
  if (error != 0) throw usage_error(fmt::format("cannot read {}: {}; name a file", path, files::error_text(error)));
  return file;
}

Start read_start(const std::string& path) {
  Start start;
  const auto file = open(path, start.bytes);
  auto reading = read_header_copies(path);
  if (!reading.ours) {
    const auto what = is_checkpoint(file.get()) ? "it is the checkpoint of one" : looks_like(file.get(), start.bytes);
    throw usage_error(fmt::format("{} is not an output file of concdemo: {}; name one that is", path, what));
  }
  start.header = std::move(reading.header);
  start.damage = std::move(reading.damage);
  if (!start.header) return start;
  const auto& header = *start.header;
  if (start.bytes != header.file_bytes) {
    start.damage.push_back(fmt::format("length: {} bytes instead of {}", start.bytes, header.file_bytes));
  }
  if (!has_checksum(file.get(), metadata_places(header), header.metadata_checksum)) start.damage.push_back("metadata");
  if (header.series) {
    start.series = read_series(file.get(), header);
    start.damage.insert(start.damage.end(), start.series->damage.begin(), start.series->damage.end());
  }
  const auto snapshots = start.snapshots();
  const auto sections = sections_of(header, snapshots);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto* entry = i < snapshots ? &start.series->entries[i] : nullptr;
    const auto dataset = i - snapshots + (header.series ? 2 + header.series->scalars : 0);
    const bool is_known = entry == nullptr || *entry;  // a damaged entry does not say what to compare with
    std::uint64_t expected = 0;
    if (is_known) expected = entry != nullptr ? (*entry)->checksum : header.datasets[dataset].table_checksum;
    const bool is_sound = is_known && table_checksum(file.get(), sections[i].table) == expected;
    start.table_sound += is_sound ? '1' : '0';
    if (is_known && !is_sound) start.damage.push_back("checksum table of " + sections[i].name);
  }
  return start;
}

}  // namespace

VerifyReport verify_file(const mpi::Comm& comm, const std::string& path) {
  Start start;
  mpi::together(comm, [&] {
    if (comm.is_root()) start = read_start(path);
  });
  VerifyReport report;
  report.bytes = comm.broadcast_value(start.bytes);
  std::string lines;
  std::uint64_t damaged_count = 0;
  if (comm.broadcast_value(start.header.has_value())) {
    const auto table_sound = comm.broadcast(start.table_sound);
    const auto snapshots = comm.broadcast_value(start.snapshots());
    mpi::together(comm, [&] {
      const auto header = comm.is_root() ? start.header : read_header(path);
      const auto sections = header ? sections_of(*header, snapshots) : std::vector<Section>();
      if (!header || sections.size() != table_sound.size()) {
        throw usage_error(fmt::format("{} is not the same file on every node; name one in a shared folder", path));
      }
      std::uint64_t bytes = 0;
      const auto file = open(path, bytes);
      const auto blocks = my_blocks(comm, sections, table_sound);
      const auto damaged = damaged_blocks(file.get(), blocks);
      report.blocks = blocks.size();
      damaged_count = damaged.size();
      for (const auto i : std::span(damaged).first(std::min(damaged.size(), max_lines))) {
        lines += describe(blocks[i]) + "\n";
      }
    });
  }
  report.blocks = comm.sum(report.blocks);
  if (comm.broadcast_value(start.series.has_value())) {
    auto& series = report.series.emplace();
    series.snapshots = comm.broadcast_value(comm.is_root() ? start.header->series->snapshots : 0);
    series.committed = comm.broadcast_value(comm.is_root() ? start.series->committed : 0);
    series.finished = comm.broadcast_value(comm.is_root() && start.series->finished);
  }
  auto count = comm.sum(damaged_count) + comm.broadcast_value(std::uint64_t{start.damage.size()});
  std::string all;
  for (const auto& line : start.damage) all += line + "\n";
  for (const auto& rank_lines : comm.gather(lines)) all += rank_lines;
  std::istringstream stream(comm.broadcast(all));
  for (std::string line; report.damage.size() < max_lines && std::getline(stream, line); --count) {
    report.damage.push_back(line);
  }
  report.sound = report.damage.empty();
  if (count > 0) report.damage.push_back(fmt::format("and {} more", count));
  return report;
}

}  // namespace concdemo
