#include "lessons/global_lock.hpp"

namespace concdemo {

void GlobalLock::lock() {
  std::unique_lock guard(mutex_);
  while (locked_) {
    const std::uint64_t seen = times_taken_;
    const bool timed_out = freed_.wait_for(guard, interval_) == std::cv_status::timeout;
    if (timed_out && locked_ && times_taken_ == seen) wanted_.store(true, std::memory_order_relaxed);
  }
  locked_ = true;
  ++times_taken_;
  wanted_.store(false, std::memory_order_relaxed);  // others that wait ask again
  taken_.notify_all();
}

void GlobalLock::unlock() {
  const std::scoped_lock guard(mutex_);
  locked_ = false;
  freed_.notify_one();
}

void GlobalLock::hand_over() {
  {
    std::unique_lock guard(mutex_);
    const std::uint64_t seen = times_taken_;
    locked_ = false;
    freed_.notify_one();
    taken_.wait(guard, [&] { return times_taken_ != seen; });
  }
  ++handed_over_;
  lock();
}

}  // namespace concdemo
