#include "engine/verify_series.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <bit>
#include <limits>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

template <class T>
std::vector<T> read_all(int file, const hdf5::Place& place) {
  std::vector<T> values(static_cast<std::size_t>(place.bytes / sizeof(T)));
  std::size_t got = 0;
  const int error = files::read_all(file, std::as_writable_bytes(std::span(values)), place.offset, got);
  if (error != 0) throw system_error("cannot read the commit entries: " + files::error_text(error));
  return values;  // zeros where the file ends
}

std::optional<CommitEntry> snapshot_entry(const Sector& sector, std::uint64_t snapshot, const SeriesPart& series) {
  auto entry = from_sector(sector, snapshot);
  const bool fits = entry && entry->kind == CommitKind::snapshot && entry->number == snapshot &&
                    entry->scalars.size() == series.scalars;
  return fits ? entry : std::nullopt;
}

}  // namespace

std::uint64_t quiet_nan_bits() { return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN()); }

SeriesReading read_series(int file, const FileHeader& header) {
  const auto& series = *header.series;
  const auto sectors = read_all<Sector>(file, series.commits);
  SeriesReading reading;
  const auto end = from_sector(sectors.back(), series.snapshots);
  reading.finished = end && end->kind == CommitKind::end && end->number == series.snapshots;
  const bool is_sealed = !is_blank(sectors.back());  // then all of it counts
  if (is_sealed && !reading.finished) reading.damage.emplace_back("commit entry of the end");

  auto count = series.snapshots;
  while (!is_sealed && count > 0 && is_blank(sectors[static_cast<std::size_t>(count) - 1])) --count;
  for (std::uint64_t i = 0; i < count; ++i) {
    reading.entries.push_back(snapshot_entry(sectors[static_cast<std::size_t>(i)], i, series));
    if (!reading.entries.back()) reading.damage.push_back(fmt::format("commit entry {}", i));
    else if (reading.committed == i) ++reading.committed;
  }
  for (std::size_t d = 1; d < 2 + series.scalars; ++d) {
    const auto values = read_all<std::uint64_t>(file, header.datasets[d].data);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool has_entry = i < reading.entries.size();
      if (has_entry && !reading.entries[i]) continue;
      auto expected = quiet_nan_bits();
      if (has_entry) {
        const auto& entry = *reading.entries[i];
        expected = std::bit_cast<std::uint64_t>(d == 1 ? entry.time : entry.scalars[d - 2]);
      }
      // They are written after the entry: the run may have ended in between.
      const bool may_be_missing = !is_sealed && i + 1 == reading.entries.size();
      if (values[i] == expected || (may_be_missing && values[i] == quiet_nan_bits())) continue;
      reading.damage.push_back(fmt::format("/{} of snapshot {}", header.datasets[d].name, i));
    }
  }
  return reading;
}

bool is_unfinished_run(const std::string& path) {
  bool is_unfinished = false;
  const auto failure = attempt([&] {
    files::Descriptor file;
    const auto header = read_header_copies(path).header;
    if (!header || !header->series || files::open(path, O_RDONLY, file) != 0) return;
    is_unfinished = !read_series(file.get(), *header).finished;
  });
  return is_unfinished && !failure.failed();
}

}  // namespace concdemo
