#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace concdemo {

// One lock for all threads of an interpreter, as CPython's: who waits for it longer than the interval asks for it, and
// the holder gives it up at its next check point and takes it again only after another had it. Works with
// std::scoped_lock.
class GlobalLock {
 public:
  explicit GlobalLock(std::chrono::nanoseconds interval = std::chrono::milliseconds(5)) : interval_(interval) {}

  void lock();
  void unlock();
  // By the holder, every few microseconds of work: an interpreter's between two instructions.
  void check_point() {
    if (wanted_.load(std::memory_order_relaxed)) hand_over();
  }
  std::uint64_t handed_over() const { return handed_over_.load(); }  // times, at check points

 private:
  void hand_over();

  const std::chrono::nanoseconds interval_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::condition_variable taken_;
  bool locked_ = false;
  std::uint64_t times_taken_ = 0;
  std::atomic<bool> wanted_ = false;  // only while a thread waits
  std::atomic<std::uint64_t> handed_over_ = 0;
};

// Gives the lock up while it lives: around calls that block. None: does nothing.
class Released {
 public:
  explicit Released(GlobalLock* lock) : lock_(lock) {
    if (lock_ != nullptr) lock_->unlock();
  }
  ~Released() {
    if (lock_ != nullptr) lock_->lock();
  }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 private:
  GlobalLock* lock_;
};

}  // namespace concdemo
