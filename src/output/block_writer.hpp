#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/failure.hpp"
#include "kernels/matrix.hpp"
#include "output/io_thread.hpp"
#include "output/run_writer.hpp"
#include "system/file.hpp"

namespace concdemo {

// float64 elements one after another in a file, which stays open, and what this rank wrote of them.
struct OutputArray {
  OutputArray(const files::File& open_file, std::uint64_t offset_bytes, std::uint64_t element_count);

  const files::File& file;
  const std::uint64_t offset;  // bytes
  const std::uint64_t elements;
  std::atomic<std::uint64_t> pending = 0;  // submissions that are not done
  // Of each block, and at the end the number of elements: to be read when nothing is pending.
  std::vector<std::uint64_t> sums;
};

// Writes one rank's parts of arrays to their files, in runs of whole pages where it can, and sums the checksums of
// their blocks on the way, while the cache has them. The I/O thread calls POSIX alone, neither MPI nor HDF5.
class BlockWriter {
 public:
  explicit BlockWriter(const WriterOptions& options) : thread_(options) {}

  // Rows that lie `stride` elements apart in the array, the first of them from `first_element` on. The values must stay
  // alive and unchanged until drain() returns, wait_until_left() of the thread says so, or the writer is gone, which
  // drops what is not under way. What does not fit in the array is a failure.
  void submit(std::shared_ptr<OutputArray> array, std::uint64_t first_element, std::uint64_t stride,
              const MatrixView& rows);
  // Other work on the files, before what waits; what it throws is a failure.
  void put_urgent(std::function<void()> work);

  // Of the first failure, own or told, nothing is written any more.
  void fail(const Failure& failure);
  bool failed() const { return failed_; }
  Failure failure() const;

  void drain();  // waits until everything submitted is written or has failed; the tally is of the bytes left until then
  IoThread& thread() { return thread_; }

 private:
  void guarded(const std::function<void()>& work) noexcept;
  void write(OutputArray& array, std::uint64_t first_element, std::uint64_t stride, const MatrixView& rows);

  std::map<const files::File*, RunWriter> runs_;  // the I/O thread's
  mutable std::mutex mutex_;                      // guards failure_
  Failure failure_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> left_bytes_ = 0;  // submitted and not written
  IoThread thread_;                            // last: it stops first
};

}  // namespace concdemo
