#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "output/block_writer.hpp"
#include "system/mpi.hpp"
#include "system/mpi_pending.hpp"

namespace concdemo {

// Makes matrices of float64 in files durable and acknowledges them, one after another, behind the computation of all
// ranks: their I/O threads write blocks and sum checksums; when all have, the first rank of each node syncs; then rank
// 0's thread syncs, writes the sums and what acknowledges them. It is one message to all at a time, begun and completed
// by the main threads in agree(): no rank waits for one that is less than a whole call behind.
class DurableWriter {
 public:
  // Rank 0's, on its I/O thread, once all ranks have written and the other nodes have synced: syncs what its own node
  // wrote, then writes what acknowledges it. `sums`: one a block. Throws what goes wrong.
  using Commit = std::function<void(std::span<const std::uint64_t> sums)>;

  // Collective. The ranks of `comm` share the files.
  DurableWriter(const mpi::Comm& comm, const WriterOptions& options);
  ~DurableWriter();
  DurableWriter(const DurableWriter&) = delete;
  DurableWriter& operator=(const DurableWriter&) = delete;

  // This rank's parts of one matrix: begun, submitted (values as in BlockWriter) and finished in the same order on all
  // ranks, one at a time. `agreed`: called once all ranks know, in agree() or drain(), that it is acknowledged.
  bool is_open() const { return open_.array != nullptr; }  // begun and not finished
  void begin(const files::File& file, std::uint64_t offset, std::uint64_t rows, std::uint64_t columns);
  void submit(std::uint64_t row, std::uint64_t column, const MatrixView& block);
  void finish(Commit commit, std::function<void()> agreed);

  // Local: this rank cannot go on. The next agree() or drain() throws it on all ranks.
  void fail(const Failure& failure) { writer_.fail(failure); }

  // Collective. Completes the exchange begun by the call before, does what follows from it and begins the next.
  // `signal` of any rank (the largest) reaches all; 0 is none. Throws the same Error on all ranks at the same call when
  // any of them failed: that of the first.
  int agree(int signal);

  // Collective. Waits until all finished matrices are acknowledged on every rank; throws like agree().
  void drain();

  void wait_until_written() { writer_.drain(); }  // all that this rank has submitted
  IoThread& thread() { return writer_.thread(); }

 private:
  struct Matrix {
    std::shared_ptr<OutputArray> array;
    std::uint64_t columns = 0;
    Commit commit{};
    std::function<void()> agreed{};
    std::uint64_t submitted = 0;  // submissions of this rank up to its end
  };
  std::uint64_t finished() const { return committed_agreed_ + in_flight_.size(); }
  Matrix& matrix(std::uint64_t number) { return in_flight_[static_cast<std::size_t>(number - committed_agreed_)]; }
  void act_on(std::span<const std::uint64_t> agreed);
  void sync(std::uint64_t begin, std::uint64_t end);
  void commit_what_is_summed(std::uint64_t synced);

  std::unique_ptr<mpi::Comm> own_comm_;  // a message under way does not meet others
  const mpi::Comm& comm_;
  const bool syncs_;  // this rank does, for a node that is not rank 0's

  // Matrices are numbered as finished.
  Matrix open_;
  std::deque<Matrix> in_flight_;  // finished, and not known to be acknowledged
  std::uint64_t written_ = 0;
  std::uint64_t written_agreed_ = 0, committed_agreed_ = 0;
  std::deque<mpi::PendingReduction> sums_;  // of the next ones to be committed
  std::uint64_t first_sum_ = 0;             // the matrix whose sums those are
  std::optional<mpi::PendingReduction> exchange_;

  std::atomic<std::uint64_t> synced_ = 0, committed_ = 0;
  BlockWriter writer_;  // last: its thread stops first
};

}  // namespace concdemo
