#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/io_timeline.hpp"
#include "output/writer_options.hpp"

namespace concdemo {

// A thread that does file work in the order it is given, with all signals blocked: POSIX calls alone, neither MPI nor
// HDF5. With options.async false the caller of put() does the work.
class IoThread {
 public:
  using Job = std::function<void()>;  // throws nothing

  explicit IoThread(const WriterOptions& options);
  ~IoThread();  // waits for the job under way, drops the rest
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void put(Job job);         // waits while options.ring_depth jobs of this kind are not done
  void put_urgent(Job job);  // goes before those of put(), and never waits
  void wait_until_left(std::size_t jobs);
  void drain();  // waits for all jobs of put(), which is not stalling

  std::size_t jobs_left() const { return locked(left_); }  // of put(), not done
  double busy_s() const { return locked(busy_s_); }        // spent in jobs
  double stall_s() const { return stall_s_; }              // spent by the caller in put and wait_until_left
  // Of jobs, of those of put_urgent as syncs, of waits in put and wait_until_left, and of what others note: that the
  // main thread waited for the disk, what was synced, what is durable from now on.
  IoTimeline timeline() const { return locked(timeline_); }
  void note(const std::function<void(IoTimeline&)>& what);  // by any thread

 private:
  template <class Value>
  Value locked(const Value& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  void run() noexcept;
  void run(const Job& job, bool is_urgent);
  void run_now(const Job& job, bool is_urgent);

  const WriterOptions options_;
  double stall_s_ = 0;        // the caller's own
  mutable std::mutex mutex_;  // guards what follows, and orders what jobs wrote against jobs_left()
  std::deque<Job> urgent_, ordinary_;
  std::size_t left_ = 0;  // ordinary ones, with the one under way
  double busy_s_ = 0;
  IoTimeline timeline_;
  bool stop_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace concdemo
