#include "output/block_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "format/checksum.hpp"

namespace concdemo {

OutputArray::OutputArray(const files::File& open_file, std::uint64_t offset_bytes, std::uint64_t element_count)
    : file(open_file), offset(offset_bytes), elements(element_count), sums(block_count(elements) + 1) {}

void BlockWriter::submit(std::shared_ptr<OutputArray> array, std::uint64_t first_element, std::uint64_t stride,
                         const MatrixView& rows) {
  if (rows.rows == 0 || rows.columns == 0) return;  // wherever it would lie: of a rank without a part
  const std::uint64_t length = (rows.rows - 1) * stride + rows.columns;
  const bool is_within = first_element <= array->elements && length <= array->elements - first_element;
  const bool are_apart = rows.rows <= 1 || (rows.columns <= stride && first_element % stride <= stride - rows.columns);
  if (!is_within || !are_apart) {
    return fail(
        {ExitCode::system, fmt::format("elements {} to {} handed to an output dataset of {}: a bug in this program",
                                       first_element, first_element + length, array->elements)});
  }
  left_bytes_ += rows.rows * rows.columns * sizeof(double);
  ++array->pending;
  thread_.put([this, array = std::move(array), first_element, stride, rows] {
    guarded([&] { write(*array, first_element, stride, rows); });
    --array->pending;
  });
}

void BlockWriter::put_urgent(std::function<void()> work) {
  thread_.put_urgent([this, work = std::move(work)] { guarded(work); });
}

void BlockWriter::fail(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_.failed()) failure_ = failure;
  failed_ = true;
}

Failure BlockWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void BlockWriter::guarded(const std::function<void()>& work) noexcept {
  if (failed_) return;
  if (const auto failure = attempt(work); failure.failed()) fail(failure);
}

void BlockWriter::drain() {
  tally::begin(left_bytes_, tally::Unit::bytes);
  thread_.drain();
}

// Rows that follow one another in the file go in one call. Calls end where the file's offset is a multiple of
// RunWriter's longest run, so that no page is written twice.
void BlockWriter::write(OutputArray& array, std::uint64_t first_element, std::uint64_t stride, const MatrixView& rows) {
  constexpr std::uint64_t most = RunWriter::most_bytes, word = sizeof(double);
  RunWriter& runs = runs_.try_emplace(&array.file, array.file.get()).first->second;
  const auto offset_of = [&](std::uint64_t element) { return array.offset + element * word; };
  std::vector<iovec> parts;
  std::uint64_t begin = 0, end = 0;  // elements of the parts
  const auto flush = [&] {
    const auto offset = offset_of(begin), bytes = (end - begin) * word;
    array.file.write_by([&] { return runs.write(parts, offset); }, offset, "write");
    array.sums.back() += end - begin;
    left_bytes_ -= bytes;
    tally::add(tally::Unit::bytes, bytes);
    parts.clear();
  };
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0, count = 0; j < rows.columns; j += count) {
      const auto element = first_element + i * stride + j;
      const auto room = (most - offset_of(element) % most + word - 1) / word;
      count = static_cast<std::size_t>(std::min<std::uint64_t>(rows.columns - j, room));
      const bool is_next = element == end && offset_of(element) / most == offset_of(begin) / most;
      if (!parts.empty() && (!is_next || parts.size() == IOV_MAX)) flush();
      if (parts.empty()) begin = element;
      end = element + count;
      const std::span data(rows.data + i * rows.stride + j, count);
      add_block_checksums(element, data, std::span(array.sums).first(array.sums.size() - 1));
      auto* const bytes = const_cast<double*>(data.data());
      if (!parts.empty() && static_cast<std::byte*>(parts.back().iov_base) + parts.back().iov_len ==
                                reinterpret_cast<std::byte*>(bytes)) {
        parts.back().iov_len += data.size_bytes();
      } else {
        parts.push_back({bytes, data.size_bytes()});
      }
    }
  }
  if (!parts.empty()) flush();
}

}  // namespace concdemo
