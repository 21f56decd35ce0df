#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "kernels/matrix.hpp"
#include "output/io_thread.hpp"
#include "output/run_writer.hpp"
#include "system/mpi.hpp"
#include "system/mpi_pending.hpp"

namespace concdemo {

// Makes matrices durable behind the computation, one after another: all ranks write their blocks; when all have
// written, the first rank of each other node syncs the data; when all have synced, rank 0 runs the matrix's commit. The
// main threads learn of one another's progress in agree(). All of it for one owner, by its main thread; every rank
// begins and finishes the same matrices in the same order.
class DurableWriter {
 public:
  struct Target {
    int file = -1;  // open until the writer is gone
    std::string path;
    std::uint64_t offset = 0;  // of element (0, 0), row-major
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
  };
  // Done by rank 0's I/O thread, POSIX only: `sums` are the block checksums. What this node wrote is for its first sync
  // to make durable, with what it adds. Throws Error.
  using Commit = std::function<void(std::span<const std::uint64_t> sums)>;
  struct Progress {
    std::uint64_t committed = 0;  // matrices
    int signal = 0;
  };

  DurableWriter(const mpi::Comm& comm, const WriterOptions& options);  // collective
  ~DurableWriter();                                                    // local: what was not committed is lost
  DurableWriter(const DurableWriter&) = delete;
  DurableWriter& operator=(const DurableWriter&) = delete;

  void begin(const Target& target);
  void submit(std::uint64_t row, std::uint64_t column, const MatrixView& block);  // lives until left() says so
  void finish(Commit commit);
  void fail(const Failure& failure);  // told by the next agree() on all ranks

  // Collective: completes the exchange that the call before began, acts on it, and begins the next. Throws the same
  // Error on all ranks.
  Progress agree(int signal);
  Progress drain();           // collective: until everything finished is committed
  void wait_until_written();  // local: what this rank submitted; tells how many bytes are left

  IoThread& thread() { return thread_; }
  const IoThread& thread() const { return thread_; }

 private:
  struct Matrix {
    Target target;
    Commit commit;
    std::atomic<std::size_t> pending = 0;  // blocks not written yet
    std::vector<std::uint64_t> sums;       // one a block, then the number of elements written
    std::uint64_t submitted = 0;           // blocks of this rank up to its last one, since the beginning
  };
  void write(Matrix& matrix, std::uint64_t row, std::uint64_t column, const MatrixView& block);
  void guarded(const std::function<void()>& work) noexcept;
  void act_on(std::span<const std::uint64_t> agreed);
  void sync(std::uint64_t begin, std::uint64_t end);
  void commit_what_is_summed(std::uint64_t synced);

  std::unique_ptr<const mpi::Comm> own_comm_;  // its exchanges are under way beside others
  const mpi::Comm& comm_;
  const bool syncs_;  // the first rank of a node, but rank 0, whose commit does

  std::shared_ptr<Matrix> open_;                  // begun and not finished
  std::deque<std::shared_ptr<Matrix>> matrices_;  // finished and not committed; the first is number committed_agreed_
  std::deque<mpi::PendingReduction> sums_;        // the first is that of matrix number first_sum_
  std::optional<mpi::PendingReduction> exchange_;
  std::uint64_t submitted_ = 0, finished_ = 0;
  std::uint64_t written_ = 0;  // by this rank; matrices [0, written_)
  std::uint64_t written_agreed_ = 0, committed_agreed_ = 0, first_sum_ = 0;

  std::atomic<std::uint64_t> synced_ = 0;     // by this rank's I/O thread, where it syncs
  std::atomic<std::uint64_t> committed_ = 0;  // by rank 0's
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> left_bytes_ = 0;  // submitted and not written
  std::map<int, RunWriter> runs_;              // of each target's file; the I/O thread's
  std::mutex mutex_;                           // guards failure_
  Failure failure_;
  IoThread thread_;  // last: stops first
};

}  // namespace concdemo
