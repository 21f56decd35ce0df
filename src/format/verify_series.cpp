#include "format/verify_series.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/partition.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

using Words = std::span<const std::uint64_t>;

constexpr std::uint64_t piece_bytes = 1 << 16;
constexpr std::uint64_t hole_bytes = 1 << 20;  // smaller ones are read as the zeros that they are

// Goes through rows of `row_bytes` each, piece by piece: see(rows, their words), without words for a hole, however
// large, and behind the end of the file.
template <class See>
void go_through(int file, const hdf5::Place& place, std::uint64_t row_bytes, const See& see) {
  std::vector<std::uint64_t> words;
  for (std::uint64_t at = 0; at < place.bytes;) {
    const auto data = files::next_data(file, place.offset + at) - place.offset;
    const auto hole_end = std::min(data, place.bytes) / row_bytes * row_bytes;
    if (hole_end >= at + hole_bytes) {
      see(Range{at / row_bytes, hole_end / row_bytes}, Words());
      at = hole_end;
      continue;
    }
    const auto end = std::min(place.bytes, at + piece_bytes);
    words.assign(static_cast<std::size_t>((end - at) / sizeof(std::uint64_t)), 0);
    std::size_t got = 0;
    const int error = files::read_all(file, std::as_writable_bytes(std::span(words)), place.offset + at, got);
    if (error != 0) throw system_error("cannot read the commit entries: " + files::error_text(error));
    see(Range{at / row_bytes, end / row_bytes}, Words(words));
    at = end;
  }
}

// Numbers that follow one another make one line: "commit entry 3", "commit entries 3 to 5".
class Runs {
 public:
  Runs(DamageList& list, std::string one, std::string many)
      : list_(list), one_(std::move(one)), many_(std::move(many)) {}
  ~Runs() { end(); }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  void add(std::uint64_t begin, std::uint64_t end_of_them) {
    if (begin != run_.end) end();
    if (run_.size() == 0) run_.begin = begin;
    run_.end = end_of_them;
  }

 private:
  void end() {
    if (run_.size() == 1) list_.add(fmt::format("{} {}", one_, run_.begin));
    else if (run_.size() > 1) list_.add(fmt::format("{} {} to {}", many_, run_.begin, run_.end - 1));
    run_ = {};
  }
  DamageList& list_;
  std::string one_, many_;
  Range run_;
};

bool is_of(const std::optional<CommitEntry>& entry, CommitKind kind, std::uint64_t number, std::uint64_t scalars) {
  return entry && entry->kind == kind && entry->number == number && entry->scalars.size() == scalars &&
         std::isfinite(entry->time);
}

Sector sector_at(Words words, std::uint64_t index) {
  Sector sector{};
  std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(index * sector.size()), sector.size(), sector.begin());
  return sector;
}

// Whether the file is sealed, soundly or not: then all of its entries count.
bool read_entries(int file, const SeriesPart& series, SeriesReading& reading) {
  const auto [offset, bytes] = series.commits;
  Sector last{};
  go_through(file, {offset + bytes - commit_bytes, commit_bytes}, commit_bytes, [&](Range, Words words) {
    if (!words.empty()) last = sector_at(words, 0);
  });
  const bool is_sealed = !is_blank(last);
  reading.finished = is_of(from_sector(last, series.snapshots), CommitKind::end, series.snapshots, 0);
  if (is_sealed && !reading.finished) reading.damage.add("commit entry of the end");
  Runs wrong(reading.damage, "commit entry", "commit entries");
  std::uint64_t seen = 0;  // up to the last sound one, or wrong one that was told
  go_through(file, {offset, bytes - commit_bytes}, commit_bytes, [&](Range rows, Words words) {
    for (std::uint64_t i = 0; i < words.size() / last.size(); ++i) {
      const auto number = rows.begin + i;
      const auto sector = sector_at(words, i);
      if (is_blank(sector)) continue;  // wrong if another follows
      reading.written = number + 1;
      auto entry = from_sector(sector, number);
      const bool is_sound = is_of(entry, CommitKind::snapshot, number, series.scalars);
      if (const auto end = number + (is_sound ? 0 : 1); end > seen) wrong.add(seen, end);
      seen = number + 1;
      if (!is_sound) continue;
      reading.entries.push_back(std::move(*entry));
      if (reading.committed == number) ++reading.committed;
    }
  });
  if (is_sealed) reading.written = series.snapshots;
  if (reading.written > seen) wrong.add(seen, reading.written);
  return is_sealed;
}

// time (dataset 1) or a scalar against the entries; NaN where none is.
void compare_values(int file, const FileHeader& header, std::size_t dataset, bool is_sealed, SeriesReading& reading) {
  const auto& name = header.datasets[dataset].name;
  Runs wrong(reading.values, fmt::format("/{} of snapshot", name), fmt::format("/{} of snapshots", name));
  auto entry = reading.entries.begin();
  const auto compare = [&](std::uint64_t number, std::uint64_t value) {
    const bool has_entry = entry != reading.entries.end() && entry->number == number;
    if (!has_entry && number < reading.written) return;  // a damaged entry does not say what to compare with
    auto expected = quiet_nan_bits();
    if (has_entry) expected = std::bit_cast<std::uint64_t>(dataset == 1 ? entry->time : entry->scalars[dataset - 2]);
    if (has_entry) ++entry;
    // They are written after the entry: the run may have ended in between.
    const bool may_be_missing = !is_sealed && number + 1 == reading.written;
    if (value != expected && !(may_be_missing && value == quiet_nan_bits())) wrong.add(number, number + 1);
  };
  go_through(file, header.datasets[dataset].data, sizeof(std::uint64_t), [&](Range numbers, Words words) {
    for (std::uint64_t i = 0; i < words.size(); ++i) compare(numbers.begin + i, words[i]);
    if (!words.empty()) return;
    const auto before = entry;
    while (entry != reading.entries.end() && entry->number < numbers.end) compare(entry->number, 0);
    const auto begin = std::clamp(reading.written, numbers.begin, numbers.end);
    if (begin < numbers.end) wrong.add(begin, numbers.end);
    if (static_cast<std::uint64_t>(entry - before) < numbers.size())
      reading.is_hollow = true;  // made as NaN, all of it
  });
}

SeriesReading read_once(int file, const FileHeader& header) {
  SeriesReading reading;
  const bool is_sealed = read_entries(file, *header.series, reading);
  for (std::size_t d = 1; d < 2 + header.series->scalars; ++d) compare_values(file, header, d, is_sealed, reading);
  return reading;
}

}  // namespace

std::uint64_t quiet_nan_bits() { return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN()); }

SeriesReading read_series(int file, const FileHeader& header) {
  auto reading = read_once(file, header);
  // Values of a run that is writing may have come after its entries were read.
  for (int again = 0; again < 100 && reading.values.count() > 0 && !reading.finished; ++again) {
    auto next = read_once(file, header);
    const bool is_still = next.written == reading.written && !next.finished;
    reading = std::move(next);
    if (is_still) break;
  }
  return reading;
}

std::optional<SeriesProgress> unfinished_run(const std::string& path) {
  std::optional<SeriesProgress> progress;
  const auto failure = attempt([&] {
    files::Descriptor file;
    const auto header = read_header(path);
    if (!header || !header->series || files::open(path, O_RDONLY | O_NONBLOCK, file) != 0) return;
    const auto reading = read_series(file.get(), *header);
    const bool has_lost_start = reading.committed == 0 && (reading.written > 0 || reading.values.count() > 0);
    if (!reading.finished && !has_lost_start) progress = {reading.committed, header->series->snapshots, false};
  });
  return failure.failed() ? std::nullopt : progress;
}

}  // namespace concdemo
