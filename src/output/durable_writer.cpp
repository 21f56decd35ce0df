#include "output/durable_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "system/mpi_failure.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

// The words of an exchange; the least of all ranks counts.
enum Word { written_word, synced_word, committed_word, failed_rank_word, no_signal_word, words };

}  // namespace

DurableWriter::DurableWriter(const mpi::Comm& comm, const WriterOptions& options)
    : own_comm_(std::make_unique<mpi::Comm>(comm.split(0))),
      comm_(*own_comm_),
      syncs_(comm.split_by_node().is_root() && !comm.is_root()),
      writer_(options) {}

// What is still under way is left to MPI, and the communicator with it.
DurableWriter::~DurableWriter() {
  if (exchange_ || !sums_.empty()) static_cast<void>(own_comm_.release());
}

void DurableWriter::begin(const files::File& file, std::uint64_t offset, std::uint64_t rows, std::uint64_t columns) {
  open_ = {std::make_shared<OutputArray>(file, offset, rows * columns), columns};
}

void DurableWriter::submit(std::uint64_t row, std::uint64_t column, const MatrixView& block) {
  writer_.submit(open_.array, row * open_.columns + column, open_.columns, block);
}

void DurableWriter::finish(Commit commit, std::function<void()> agreed) {
  open_.commit = std::move(commit);
  open_.agreed = std::move(agreed);
  open_.submitted = thread().timeline().submitted();
  in_flight_.push_back(std::exchange(open_, {}));
}

// The first rank of another node than rank 0's, for all that its ranks wrote.
void DurableWriter::sync(std::uint64_t begin, std::uint64_t end) {
  std::vector<const files::File*> written;
  for (auto i = begin; i < end; ++i) {
    const auto* const file = &matrix(i).array->file;
    if (std::find(written.begin(), written.end(), file) == written.end()) written.push_back(file);
  }
  writer_.put_urgent([this, written, end] {
    for (const auto* file : written) file->sync_data("sync");
    synced_ = end;
  });
}

void DurableWriter::commit_what_is_summed(std::uint64_t synced) {
  for (; !sums_.empty() && sums_.front().test(); sums_.pop_front(), ++first_sum_) {
    if (!comm_.is_root()) continue;
    if (first_sum_ >= synced) break;
    const auto found = sums_.front().wait();
    writer_.put_urgent(
        [this, summed = matrix(first_sum_), sums = std::vector(found.begin(), found.end()), end = first_sum_ + 1] {
          const auto& array = *summed.array;
          if (sums.back() != array.elements) {
            throw system_error(fmt::format("{} of {} elements of a matrix for {} were written: a bug in this program",
                                           sums.back(), array.elements, array.file.path()));
          }
          summed.commit(std::span(sums).first(sums.size() - 1));
          thread().note([&](IoTimeline& timeline) { timeline.commit(summed.submitted, now_s()); });
          committed_ = end;
        });
  }
}

void DurableWriter::act_on(std::span<const std::uint64_t> agreed) {
  if (const auto failed = agreed[failed_rank_word]; failed != none) {
    const int root = static_cast<int>(failed);
    mpi::throw_failure_of(comm_, root, writer_.failure());
  }
  const auto written = agreed[written_word];
  if (syncs_ && written > written_agreed_) sync(written_agreed_, written);
  for (; written_agreed_ < written; ++written_agreed_) {
    sums_.push_back(mpi::PendingReduction::sum(comm_, std::move(matrix(written_agreed_).array->sums)));
  }
  commit_what_is_summed(agreed[synced_word]);
  for (; committed_agreed_ < agreed[committed_word]; ++committed_agreed_) {
    in_flight_.front().agreed();
    in_flight_.pop_front();
  }
}

int DurableWriter::agree(int signal) {
  int largest_signal = 0;
  if (exchange_) {
    auto exchange = std::exchange(exchange_, std::nullopt);
    const auto agreed = exchange->wait();
    act_on(agreed);
    largest_signal = static_cast<int>(~agreed[no_signal_word]);
  }
  while (written_ < finished() && matrix(written_).array->pending == 0) ++written_;
  std::vector<std::uint64_t> mine(words);
  mine[written_word] = written_;
  mine[synced_word] = syncs_ ? synced_.load() : none;
  mine[committed_word] = comm_.is_root() ? committed_.load() : none;
  // Read last: a failure comes before what its thread would have reported next.
  mine[failed_rank_word] = writer_.failed() ? static_cast<std::uint64_t>(comm_.rank()) : none;
  mine[no_signal_word] = ~static_cast<std::uint64_t>(signal);
  exchange_ = mpi::PendingReduction::min(comm_, std::move(mine));
  return largest_signal;
}

void DurableWriter::drain() {
  using namespace std::chrono;
  auto pause = microseconds(20);
  while (agree(0), !in_flight_.empty()) {
    std::this_thread::sleep_for(pause);
    pause = std::min<microseconds>(pause * 2, milliseconds(1));
  }
  act_on(std::exchange(exchange_, std::nullopt)->wait());
}

}  // namespace concdemo
