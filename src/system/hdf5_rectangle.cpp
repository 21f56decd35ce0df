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

ReadCounts DatasetReader::read_rectangle(const Shape& plane, Range rows, Range columns, double* out) {
  const std::size_t first = plane.size();  // dimension of the rows
  bool there = info_.shape.size() == first + 2 && rows.begin <= rows.end && columns.begin <= columns.end;
  for (std::size_t d = 0; there && d < first; ++d) there = plane[d] < info_.shape[d];
  if (!there || rows.end > info_.shape[first] || columns.end > info_.shape[first + 1]) {
    throw std::invalid_argument("DatasetReader::read_rectangle: no such rectangle");
  }
  ReadCounts counts;
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  const std::uint64_t chunk_rows = info_.chunk.empty() ? 0 : info_.chunk[first];
  const std::uint64_t chunk_columns = info_.chunk.empty() ? 0 : info_.chunk[first + 1];
  const std::uint64_t width = columns.size();
  std::uint64_t planes = 0;  // before this one
  for (std::size_t d = 0; d < first; ++d) planes = planes * info_.shape[d] + plane[d];
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
      counts.bytes += box.elements() * size;
      for (std::uint64_t i = row; i < last_row; ++i) {
        const std::byte* raw = slab_.data() + (i - row) * part_columns * size;
        double* values = out + (i - rows.begin) * width + (column - columns.begin);
        const std::uint64_t begin = (planes * info_.shape[first] + i) * info_.shape[first + 1] + column;
        counts += to_double(info_, raw, {begin, begin + part_columns}, values, nullptr);
      }
      row = last_row;
    }
    column = last_column;
  }
  require_unchanged();
  return counts;
}

}  // namespace concdemo::hdf5
