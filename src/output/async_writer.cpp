#include "output/async_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "format/checksum.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t piece_elements =
    RunWriter::most_bytes / sizeof(double);  // one write; its checksum warms the cache

}  // namespace

AsyncWriter::AsyncWriter(int file, std::vector<Target> targets, const WriterOptions& options)
    : runs_(file), targets_(std::move(targets)), elements_(targets_.size()), thread_(options) {
  for (const auto& target : targets_) sums_.emplace_back(block_count(target.elements));
}

void AsyncWriter::submit_rows(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride,
                              std::uint64_t columns, std::span<const double> data) {
  if (columns == stride) columns = stride = data.size();  // one run
  const auto& target = targets_.at(dataset);
  const std::uint64_t rows = columns == 0 ? 0 : data.size() / columns;
  const std::uint64_t length = rows == 0 ? 0 : (rows - 1) * stride + columns;
  if (first_element > target.elements || length > target.elements - first_element || rows * columns != data.size() ||
      columns > stride) {
    throw system_error(fmt::format("elements {} to {} handed to an output dataset of {}: a bug in this program",
                                   first_element, first_element + length, target.elements));
  }
  if (data.empty()) return;
  left_bytes_ += data.size_bytes();
  thread_.put([this, part = Part{dataset, first_element, stride, columns, data}] { write(part); });
}

AsyncWriter::Failure AsyncWriter::drain() {
  tally::begin(left_bytes_, tally::Unit::bytes);
  thread_.drain();
  return failure_;
}

void AsyncWriter::write(const Part& part) noexcept {
  std::uint64_t at = part.first_element;
  const auto columns = static_cast<std::size_t>(part.columns);
  for (std::size_t row = 0; row < part.data.size() / columns && failure_.error == 0; ++row, at += part.stride) {
    write_run(part.dataset, at, part.data.subspan(row * columns, columns));
  }
}

void AsyncWriter::write_run(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) noexcept {
  while (!data.empty()) {
    // Cut at multiples of the piece, so that no page is written twice.
    const auto left = static_cast<std::size_t>(piece_elements - first_element % piece_elements);
    const auto piece = data.first(std::min(data.size(), left));
    const auto offset = targets_[dataset].offset + first_element * sizeof(double);
    add_block_checksums(first_element, piece, sums_[dataset]);
    if (const int error = runs_.write(std::as_bytes(piece), offset)) {
      failure_ = {error, offset};
      return;
    }
    elements_[dataset] += piece.size();
    left_bytes_ -= piece.size_bytes();
    tally::add(tally::Unit::bytes, piece.size_bytes());
    first_element += piece.size();
    data = data.subspan(piece.size());
  }
}

}  // namespace concdemo
