#include <omp.h>

#include <algorithm>
#include <limits>

#include "base/tally.hpp"
#include "base/team_failure.hpp"
#include "system/hdf5_chunks.hpp"
#include "system/hdf5_read.hpp"
#include "system/hdf5_slabs.hpp"

// DatasetReader past the library.
namespace concdemo::hdf5 {
namespace {

constexpr std::uint64_t part_elements = 1 << 18;    // that a thread reads of unfiltered storage at a time
constexpr std::uint64_t cached_elements = 1 << 15;  // that it converts while they are in its cache

// A thread's work at a time.
struct Part {
  std::uint64_t chunk = 0;
  Box box;
  Range range;
};

// Contiguous storage, cut where threads can share it: a flat range anywhere, a rectangle between rows.
std::vector<Part> parts_of_contiguous(const Box& region, Range range) {
  std::vector<Part> parts;
  const auto outer = std::find_if(region.count.begin(), region.count.end(), [](auto count) { return count > 1; });
  if (range.size() == region.elements() || outer == region.count.end()) {
    for (std::uint64_t at = range.begin; at < range.end; at += part_elements) {
      parts.push_back({0, region, {at, std::min(range.end, at + part_elements)}});
    }
    return parts;
  }
  const auto d = static_cast<std::size_t>(outer - region.count.begin());
  const std::uint64_t step = std::max<std::uint64_t>(1, part_elements / (region.elements() / region.count[d]));
  for (std::uint64_t at = 0; at < region.count[d]; at += step) {
    Box box = region;
    box.start[d] += at;
    box.count[d] = std::min(step, region.count[d] - at);
    parts.push_back({0, box, range});
  }
  return parts;
}

// The chunks that the region touches, as a grid of their own.
struct Touched {
  Shape first, counts;
};
Touched touched_chunks(const Box& region, const Shape& chunk) {
  Touched touched;
  for (std::size_t d = 0; d < chunk.size(); ++d) {
    touched.first.push_back(region.start[d] / chunk[d]);
    touched.counts.push_back((region.start[d] + region.count[d] - 1) / chunk[d] + 1 - touched.first[d]);
  }
  return touched;
}

}  // namespace

ConvertCounts DatasetReader::visit_runs(const Box& region, Range range, int threads, const RunVisitor& visit) {
  const ChunkGrid& grid = direct_->grid();
  const Box stored = common_part(region, {Shape(grid.extents().size(), 0), grid.extents()});
  if (stored.elements() == 0) return {};
  std::vector<Part> contiguous;
  Touched touched;
  if (info_.chunk.empty()) contiguous = parts_of_contiguous(stored, range);
  else touched = touched_chunks(stored, grid.chunk());
  const std::uint64_t count = info_.chunk.empty() ? contiguous.size() : element_count(touched.counts);
  const auto part_number = [&](std::uint64_t i) -> Part {
    if (info_.chunk.empty()) return contiguous[static_cast<std::size_t>(i)];
    Shape at(touched.counts.size());
    for (std::size_t d = at.size(); d-- > 0; i /= touched.counts[d]) at[d] = touched.first[d] + i % touched.counts[d];
    const std::uint64_t number = grid.number(at);
    return {number, common_part(stored, grid.box(number)), range};
  };
  if (direct_->is_filtered()) {
    const std::uint64_t at_once = buffer_bytes_ / std::max<std::uint64_t>(1, 2 * direct_->chunk_bytes());
    threads = static_cast<int>(std::clamp<std::uint64_t>(at_once, 1, static_cast<std::uint64_t>(threads)));
  }
  TeamFailure failure;
  ConvertCounts counts;
#pragma omp parallel num_threads(threads)
  {
    ConvertCounts mine;
    ChunkCursor cursor(*direct_);
#pragma omp for schedule(dynamic)
    for (std::uint64_t i = 0; i < count; ++i) {
      failure.attempt(i, [&] {
        const Part part = part_number(i);
        const Box holder = grid.box(part.chunk);
        bool is_open = false;
        std::uint64_t elements = 0;
        visit_runs_of_box(info_.shape, part.box, holder, part.range, [&](Range flat, std::uint64_t offset) {
          if (!is_open) cursor.open(part.chunk, direct_->locate({part.chunk, part.chunk + 1}).front());
          is_open = true;
          visit(cursor, {offset, offset + flat.size()}, flat, mine);
          elements += flat.size();
        });
        tally::add(tally::Unit::bytes, elements * static_cast<std::uint64_t>(info_.format.size));
      });
    }
#pragma omp critical(concdemo_direct_counts)
    {
      counts += mine;
      cost_ += cursor.take_cost();
    }
  }
  failure.rethrow();
  return counts;
}

ConvertCounts DatasetReader::convert_run(ChunkCursor& cursor, Range in_chunk, double* out,
                                         std::uint8_t* missing_mask) const {
  ConvertCounts counts;
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  while (in_chunk.size() > 0) {
    const Range next{in_chunk.begin, std::min(in_chunk.end, in_chunk.begin + cached_elements)};
    // In place: the stored elements, of at most 8 bytes, go to the end of where their values will be.
    std::byte* raw = reinterpret_cast<std::byte*>(out + next.size()) - next.size() * size;
    cursor.read(next, raw);
    counts += convert_to_double(raw, info_.format, info_.packing, next.size(), out, missing_mask);
    out += next.size();
    if (missing_mask != nullptr) missing_mask += next.size();
    in_chunk.begin = next.end;
  }
  return counts;
}

ConvertCounts DatasetReader::missing_outside(Range range, std::span<double> out,
                                             std::span<std::uint8_t> missing_mask) const {
  ConvertCounts counts;
  if (info_.storage.empty() || range.size() == 0) return counts;
  visit_runs_in_storage(info_.shape, info_.storage, range, [&](Range run, bool is_there) {
    if (is_there) return;
    const auto at = static_cast<std::ptrdiff_t>(run.begin - range.begin);
    const auto n = static_cast<std::ptrdiff_t>(run.size());
    std::fill_n(out.begin() + at, n, std::numeric_limits<double>::quiet_NaN());
    if (!missing_mask.empty()) std::fill_n(missing_mask.begin() + at, n, std::uint8_t{1});
    counts.missing += run.size();
  });
  return counts;
}

}  // namespace concdemo::hdf5
