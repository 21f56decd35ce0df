#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace concdemo {

struct WriterOptions {
  bool async = true;    // false: the caller of submit does the writing (the same bytes)
  int ring_depth = 64;  // spans under way before submit waits
  std::vector<int> cpus{};  // where the I/O thread may run; empty: where the main thread may
  bool reserve = true;  // take the whole file's space before the first write
};

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
  ~AsyncWriter();  // waits for the write under way, drops the rest
  AsyncWriter(const AsyncWriter&) = delete;
  AsyncWriter& operator=(const AsyncWriter&) = delete;

  // The data must stay alive and unchanged until drain() returns. After a failed write nothing more is written.
  void submit(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) {
    submit_rows(dataset, first_element, data.size(), data.size(), data);
  }
  // Rows of `columns` elements, `stride` apart in the dataset and one after another in `data`.
  void submit_rows(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride, std::uint64_t columns,
                   std::span<const double> data);
  // Waits until at most so many of the submitted parts have not been written; the others' memory may be used again.
  void wait_until_left(std::size_t parts);
  Failure drain();  // waits until everything submitted is written or has failed

  // To be read after drain():
  const std::vector<std::uint64_t>& sums(std::size_t dataset) const { return sums_[dataset]; }  // one a block
  std::uint64_t elements(std::size_t dataset) const { return elements_[dataset]; }              // written by this rank
  double busy_s() const { return busy_s_; }    // spent in checksums and writes
  double stall_s() const { return stall_s_; }  // spent by the caller in submit and wait_until_left

 private:
  struct Part {
    std::size_t dataset;
    std::uint64_t first_element;
    std::uint64_t stride;
    std::uint64_t columns;
    std::span<const double> data;
  };
  void run() noexcept;
  void write(const Part& part) noexcept;
  void write_run(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) noexcept;

  const int file_;
  const std::vector<Target> targets_;
  const WriterOptions options_;
  std::vector<std::vector<std::uint64_t>> sums_;
  std::vector<std::uint64_t> elements_;
  Failure failure_;
  double busy_s_ = 0;
  double stall_s_ = 0;

  std::mutex mutex_;  // guards the two below, and orders everything written above against drain()
  std::deque<Part> ring_;  // the front is under way
  bool stop_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace concdemo
