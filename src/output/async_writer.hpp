#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "output/io_thread.hpp"
#include "output/run_writer.hpp"

namespace concdemo {

// Writes one rank's parts of float64 datasets at their place in the file and sums the block checksums on the way. The
// I/O thread calls POSIX alone, neither MPI nor HDF5, with all signals blocked.
class AsyncWriter {
 public:
  // datasets[i]: file offset of its first element, and number of elements. `file` stays open for the writer's life.
  struct Target {
    std::uint64_t offset = 0;
    std::uint64_t elements = 0;
  };
  struct Failure {
    int error = 0;  // errno of the first failed write, 0 when all is well
    std::uint64_t offset = 0;
  };

  AsyncWriter(int file, std::vector<Target> targets, const WriterOptions& options);

  // The data must stay alive and unchanged until drain() returns or the writer is gone, which drops what is not under
  // way. After a failed write nothing more is written.
  void submit(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) {
    submit_rows(dataset, first_element, data.size(), data.size(), data);
  }
  // Rows of `columns` elements, `stride` apart in the dataset and one after another in `data`.
  void submit_rows(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride, std::uint64_t columns,
                   std::span<const double> data);
  // Waits until at most so many of the submitted parts have not been written; the others' memory may be used again.
  void wait_until_left(std::size_t parts) { thread_.wait_until_left(parts); }
  Failure drain();  // waits until everything submitted is written or has failed; tells how many bytes are left

  // To be read after drain():
  const std::vector<std::uint64_t>& sums(std::size_t dataset) const { return sums_[dataset]; }  // one a block
  std::uint64_t elements(std::size_t dataset) const { return elements_[dataset]; }              // written by this rank
  double busy_s() const { return thread_.busy_s(); }    // spent in checksums and writes
  double stall_s() const { return thread_.stall_s(); }  // spent by the caller in submit and wait_until_left
  IoThread& thread() { return thread_; }                // for its timeline

 private:
  struct Part {
    std::size_t dataset;
    std::uint64_t first_element;
    std::uint64_t stride;
    std::uint64_t columns;
    std::span<const double> data;
  };
  void write(const Part& part) noexcept;
  void write_run(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) noexcept;

  RunWriter runs_;
  const std::vector<Target> targets_;
  std::vector<std::vector<std::uint64_t>> sums_;
  std::vector<std::uint64_t> elements_;
  Failure failure_;
  std::atomic<std::uint64_t> left_bytes_ = 0;  // submitted and not written
  IoThread thread_;                            // last: stops first
};

}  // namespace concdemo
