#include "engine/async_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "engine/checksum.hpp"
#include "system/files.hpp"
#include "system/signals.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t piece_elements = 4 * block_elements;  // one write; its checksum warms the cache for it

}  // namespace

AsyncWriter::AsyncWriter(int file, std::vector<Target> targets, const WriterOptions& options)
    : file_(file), targets_(std::move(targets)), options_(options), elements_(targets_.size()) {
  for (const auto& target : targets_) sums_.emplace_back(block_count(target.elements));
  if (!options_.async) return;
  const SignalsBlocked blocked;
  thread_ = std::thread([this] {
    if (!options_.cpus.empty()) pin_this_thread(options_.cpus);  // not on the core that the main thread is pinned to
    run();
  });
}

AsyncWriter::~AsyncWriter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
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
  const double start = now_s();
  const Part part{dataset, first_element, stride, columns, data};
  if (!options_.async) {
    write(part);
  } else {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ring_.size() < static_cast<std::size_t>(std::max(1, options_.ring_depth)); });
    ring_.push_back(part);
    lock.unlock();
    changed_.notify_all();
  }
  stall_s_ += now_s() - start;
}

void AsyncWriter::wait_until_left(std::size_t parts) {
  const double start = now_s();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ring_.size() <= parts; });
  stall_s_ += now_s() - start;
}

AsyncWriter::Failure AsyncWriter::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ring_.empty(); });
  return failure_;
}

void AsyncWriter::run() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !ring_.empty(); });
    if (stop_) return;
    const Part part = ring_.front();
    lock.unlock();
    write(part);
    lock.lock();
    ring_.pop_front();
    changed_.notify_all();
  }
}

void AsyncWriter::write(const Part& part) noexcept {
  const double start = now_s();
  // What starts the disk's work is only a hint, so that the last fdatasync finds little left to do: not for each row.
  std::uint64_t begun = part.first_element;
  std::uint64_t at = part.first_element;
  const auto columns = static_cast<std::size_t>(part.columns);
  for (std::size_t row = 0; row < part.data.size() / columns && failure_.error == 0; ++row, at += part.stride) {
    write_run(part.dataset, at, part.data.subspan(row * columns, columns));
    if (at + columns - begun < piece_elements && (row + 1) * columns < part.data.size()) continue;
    const auto offset = targets_[part.dataset].offset + begun * sizeof(double);
    files::start_writeback(file_, offset, (at + columns - begun) * sizeof(double));
    begun = at + part.stride;
  }
  busy_s_ += now_s() - start;
}

void AsyncWriter::write_run(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) noexcept {
  while (!data.empty()) {
    // Cut at multiples of the piece, so that no page is written twice.
    const auto left = static_cast<std::size_t>(piece_elements - first_element % piece_elements);
    const auto piece = data.first(std::min(data.size(), left));
    const auto offset = targets_[dataset].offset + first_element * sizeof(double);
    add_block_checksums(first_element, piece, sums_[dataset]);
    if (const int error = files::write_all(file_, std::as_bytes(piece), offset)) {
      failure_ = {error, offset};
      return;
    }
    if (piece.size() == piece_elements) files::start_writeback(file_, offset, piece.size_bytes());
    elements_[dataset] += piece.size();
    first_element += piece.size();
    data = data.subspan(piece.size());
  }
}

}  // namespace concdemo
