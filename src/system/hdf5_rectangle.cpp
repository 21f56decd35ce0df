#include <algorithm>
#include <stdexcept>

#include "system/hdf5_read.hpp"
#include "system/hdf5_slabs.hpp"

namespace concdemo::hdf5 {
namespace {

// A part's end: the next multiple of the chunk's extent that leaves at most `most`, or the chunk's own end.
std::uint64_t part_end(std::uint64_t begin, std::uint64_t end, std::uint64_t chunk, std::uint64_t most) {
  if (chunk == 0) return std::min(end, begin + std::max<std::uint64_t>(1, most));
  return std::min(end, std::max(begin / chunk + 1, (begin + most) / chunk) * chunk);
}

}  // namespace

ConvertCounts DatasetReader::read_rectangle(const Shape& plane, Range rows, Range columns, double* out, int threads) {
  const std::size_t first = plane.size();  // dimension of the rows
  bool there = info_.shape.size() == first + 2 && rows.begin <= rows.end && columns.begin <= columns.end;
  for (std::size_t d = 0; there && d < first; ++d) there = plane[d] < info_.shape[d];
  if (!there || rows.end > info_.shape[first] || columns.end > info_.shape[first + 1]) {
    throw std::invalid_argument("DatasetReader::read_rectangle: no such rectangle");
  }
  ConvertCounts counts;
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  const std::uint64_t chunk_rows = info_.chunk.empty() ? 0 : info_.chunk[first];
  const std::uint64_t chunk_columns = info_.chunk.empty() ? 0 : info_.chunk[first + 1];
  const std::uint64_t width = columns.size();
  std::uint64_t planes = 0;  // before this one
  for (std::size_t d = 0; d < first; ++d) planes = planes * info_.shape[d] + plane[d];
  const auto flat_of_row = [&](std::uint64_t row) {
    return (planes * info_.shape[first] + row) * info_.shape[first + 1];
  };
  if (direct_) {
    for (std::uint64_t i = rows.begin; i < rows.end; ++i) {
      const std::uint64_t begin = flat_of_row(i) + columns.begin;
      counts += missing_outside({begin, begin + width}, {out + (i - rows.begin) * width, width}, {});
    }
    Box region{plane, Shape(first, 1)};
    region.start.insert(region.start.end(), {rows.begin, columns.begin});
    region.count.insert(region.count.end(), {rows.size(), width});
    const Range all{0, element_count(info_.shape)};
    const std::uint64_t origin = flat_of_row(rows.begin) + columns.begin;
    counts +=
        visit_runs(region, all, threads, [&](ChunkCursor& cursor, Range in_chunk, Range flat, ConvertCounts& mine) {
          const std::uint64_t row = (flat.begin - origin) / info_.shape[first + 1];
          const std::uint64_t column = (flat.begin - origin) % info_.shape[first + 1];
          mine += convert_run(cursor, in_chunk, out + row * width + column, nullptr);
        });
    require_unchanged(info_);
    return counts;
  }
  // Wide parts first: their rows are the longest runs in the file.
  const std::uint64_t least_rows = std::max<std::uint64_t>(1, chunk_rows);
  const std::uint64_t most_columns = std::max<std::uint64_t>(1, slab_elements_ / least_rows);
  for (std::uint64_t column = columns.begin; column < columns.end;) {
    const std::uint64_t last_column = part_end(column, columns.end, chunk_columns, most_columns);
    const std::uint64_t part_columns = last_column - column;
    for (std::uint64_t row = rows.begin; row < rows.end;) {
      const std::uint64_t last_row = part_end(row, rows.end, chunk_rows, slab_elements_ / part_columns);
      Box box{plane, Shape(first, 1)};
      box.start.insert(box.start.end(), {row, column});
      box.count.insert(box.count.end(), {last_row - row, part_columns});
      fetch(box, slab(box.elements() * size));
      for (std::uint64_t i = row; i < last_row; ++i) {
        const std::byte* raw = slab_.data() + (i - row) * part_columns * size;
        double* values = out + (i - rows.begin) * width + (column - columns.begin);
        const std::uint64_t begin = flat_of_row(i) + column;
        counts += to_double(info_, raw, {begin, begin + part_columns}, values, nullptr);
      }
      row = last_row;
    }
    column = last_column;
  }
  require_unchanged(info_);
  return counts;
}

}  // namespace concdemo::hdf5
