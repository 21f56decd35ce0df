#include "output/durable_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <limits>
#include <thread>
#include <utility>

#include "base/activity.hpp"
#include "base/fault.hpp"
#include "base/tally.hpp"
#include "format/checksum.hpp"
#include "system/files.hpp"
#include "system/mpi_failure.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t piece_elements =
    RunWriter::most_bytes / sizeof(double);  // one write; its checksum warms the cache

// The words of an exchange; the least of all ranks counts.
enum Word { written_word, synced_word, committed_word, failed_rank_word, no_signal_word, words };

void check_file(int error, const std::string& what) {
  if (error != 0) throw system_error(what + ": " + files::error_text(error));
}

}  // namespace

DurableWriter::DurableWriter(const mpi::Comm& comm, const WriterOptions& options)
    : own_comm_(std::make_unique<mpi::Comm>(comm.split(0))),
      comm_(*own_comm_),
      syncs_(comm.split_by_node().is_root() && !comm.is_root()),
      thread_(options) {}

// What is still under way is left to MPI, and the communicator with it.
DurableWriter::~DurableWriter() {
  if (exchange_ || !sums_.empty()) static_cast<void>(own_comm_.release());
}

void DurableWriter::begin(const Target& target) {
  open_ = std::make_shared<Matrix>();
  open_->target = target;
  open_->sums.resize(block_count(target.rows * target.columns) + 1);
}

void DurableWriter::submit(std::uint64_t row, std::uint64_t column, const MatrixView& block) {
  const auto& target = open_->target;
  if (row > target.rows || block.rows > target.rows - row || column > target.columns ||
      block.columns > target.columns - column) {
    return fail(
        {ExitCode::system, fmt::format("{}x{} elements at ({}, {}) handed to a matrix of {}x{}: a bug in this program",
                                       block.rows, block.columns, row, column, target.rows, target.columns)});
  }
  ++open_->pending;
  ++submitted_;
  left_bytes_ += block.rows * block.columns * sizeof(double);
  thread_.put([this, matrix = open_, row, column, block] {
    guarded([&] { write(*matrix, row, column, block); });
    --matrix->pending;
  });
}

void DurableWriter::finish(Commit commit) {
  open_->commit = std::move(commit);
  open_->submitted = submitted_;
  matrices_.push_back(std::move(open_));
  ++finished_;
}

void DurableWriter::fail(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_.failed()) failure_ = failure;
  failed_ = true;
}

// After a failure nothing more is written.
void DurableWriter::guarded(const std::function<void()>& work) noexcept {
  if (failed_) return;
  if (const auto failure = attempt(work); failure.failed()) fail(failure);
}

// Rows that follow one another in the file go in one call.
void DurableWriter::write(Matrix& matrix, std::uint64_t row, std::uint64_t column, const MatrixView& block) {
  const auto& target = matrix.target;
  RunWriter& runs = runs_.try_emplace(target.file, target.file).first->second;
  std::vector<iovec> parts;
  std::uint64_t begin = row * target.columns + column, end = begin;  // elements of the parts
  const auto flush = [&] {
    const auto offset = target.offset + begin * sizeof(double);
    if (activity::is_watched()) activity::at(fmt::format("writing {} at byte {}", target.path, offset));
    int error = fault::at("write");
    if (error == 0) error = runs.write(parts, offset);
    check_file(error, fmt::format("cannot write {} at byte {}", target.path, offset));
    matrix.sums.back() += end - begin;
    left_bytes_ -= (end - begin) * sizeof(double);
    tally::add(tally::Unit::bytes, (end - begin) * sizeof(double));
    parts.clear();
    begin = end;
  };
  for (std::size_t i = 0; i < block.rows; ++i) {
    for (std::size_t j = 0; j < block.columns; j += piece_elements) {
      const auto count = std::min(piece_elements, block.columns - j);
      const auto element = (row + i) * target.columns + column + j;
      const bool is_next = element == end;
      if (!parts.empty() && (!is_next || end + count - begin > piece_elements || parts.size() == IOV_MAX)) flush();
      if (!is_next) begin = element;
      const auto* const data = block.data + i * block.stride + j;
      add_block_checksums(element, {data, count}, std::span(matrix.sums).first(matrix.sums.size() - 1));
      parts.push_back({const_cast<double*>(data), count * sizeof(double)});
      end = element + count;
    }
  }
  if (!parts.empty()) flush();
}

// The first rank of another node than rank 0's, for all that its ranks wrote.
void DurableWriter::sync(std::uint64_t begin, std::uint64_t end) {
  std::vector<Target> targets;
  for (auto i = begin; i < end; ++i) {
    const auto& target = matrices_[static_cast<std::size_t>(i - committed_agreed_)]->target;
    const auto is_same = [&](const Target& other) { return other.file == target.file; };
    if (std::none_of(targets.begin(), targets.end(), is_same)) targets.push_back(target);
  }
  thread_.put_urgent([this, targets, end] {
    guarded([&] {
      for (const auto& target : targets) {
        activity::at("fdatasync of " + target.path);
        int error = fault::at("sync");
        if (error == 0) error = files::sync_data(target.file);
        check_file(error, target.path + ": fdatasync");
      }
      synced_ = end;
    });
  });
}

void DurableWriter::commit_what_is_summed(std::uint64_t synced) {
  for (; !sums_.empty() && sums_.front().test(); sums_.pop_front(), ++first_sum_) {
    if (!comm_.is_root()) continue;
    if (first_sum_ >= synced) break;
    const auto found = sums_.front().wait();
    auto matrix = matrices_[static_cast<std::size_t>(first_sum_ - committed_agreed_)];
    thread_.put_urgent([this, matrix, sums = std::vector(found.begin(), found.end()), end = first_sum_ + 1] {
      guarded([&] {
        const auto& target = matrix->target;
        if (sums.back() != target.rows * target.columns) {
          throw system_error(fmt::format("{} of {} elements of a matrix for {} were written: a bug in this program",
                                         sums.back(), target.rows * target.columns, target.path));
        }
        matrix->commit(std::span(sums).first(sums.size() - 1));
        thread_.note_durable(matrix->submitted);
        committed_ = end;
      });
    });
  }
}

void DurableWriter::act_on(std::span<const std::uint64_t> agreed) {
  if (const auto failed = agreed[failed_rank_word]; failed != none) {
    const int root = static_cast<int>(failed);
    const std::lock_guard lock(mutex_);
    mpi::throw_failure_of(comm_, root, failure_);
  }
  const auto written = agreed[written_word];
  if (syncs_ && written > written_agreed_) sync(written_agreed_, written);
  for (; written_agreed_ < written; ++written_agreed_) {
    const auto& matrix = matrices_[static_cast<std::size_t>(written_agreed_ - committed_agreed_)];
    sums_.push_back(mpi::PendingReduction::sum(comm_, std::move(matrix->sums)));
  }
  commit_what_is_summed(agreed[synced_word]);
  for (; committed_agreed_ < agreed[committed_word]; ++committed_agreed_) matrices_.pop_front();
}

DurableWriter::Progress DurableWriter::agree(int signal) {
  Progress progress;
  if (exchange_) {
    auto exchange = std::move(*exchange_);
    exchange_.reset();
    const auto agreed = exchange.wait();
    act_on(agreed);
    progress.signal = static_cast<int>(~agreed[no_signal_word]);
  }
  progress.committed = committed_agreed_;
  while (written_ < finished_ && matrices_[static_cast<std::size_t>(written_ - committed_agreed_)]->pending == 0) {
    ++written_;
  }
  std::vector<std::uint64_t> mine(words);
  mine[written_word] = written_;
  mine[synced_word] = syncs_ ? synced_.load() : none;
  mine[committed_word] = comm_.is_root() ? committed_.load() : none;
  // Read last: a failure comes before what its thread would have reported next.
  mine[failed_rank_word] = failed_ ? static_cast<std::uint64_t>(comm_.rank()) : none;
  mine[no_signal_word] = ~static_cast<std::uint64_t>(signal);
  exchange_ = mpi::PendingReduction::min(comm_, std::move(mine));
  return progress;
}

void DurableWriter::wait_until_written() {
  tally::begin(left_bytes_, tally::Unit::bytes);
  thread_.drain();
}

DurableWriter::Progress DurableWriter::drain() {
  using namespace std::chrono;
  auto pause = microseconds(20);
  int signal = 0;
  while (true) {
    auto progress = agree(0);
    signal = progress.signal = std::max(signal, progress.signal);
    if (progress.committed < finished_) {
      std::this_thread::sleep_for(pause);
      pause = std::min<microseconds>(pause * 2, milliseconds(1));
      continue;
    }
    act_on(std::exchange(exchange_, std::nullopt)->wait());
    return progress;
  }
}

}  // namespace concdemo
