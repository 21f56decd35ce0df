#include "output/io_thread.hpp"

#include <algorithm>
#include <utility>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "system/signals.hpp"
#include "system/topology.hpp"

namespace concdemo {

IoThread::IoThread(const WriterOptions& options) : options_(options) {
  if (!options_.async) return;
  const SignalsBlocked blocked;
  thread_ = std::thread([this] {
    if (!options_.cpus.empty()) pin_this_thread(options_.cpus);  // not on the core that the main thread is pinned to
    activity::report_as_io_thread();
    run();
  });
}

IoThread::~IoThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void IoThread::do_now(const Job& job, bool is_urgent) {
  const double start = now_s();
  if (!is_urgent) timeline_.submit(start);
  job();
  const double end = now_s();
  is_urgent ? timeline_.sync(start, end) : timeline_.write(start, end);
  timeline_.wait(start, end);
  busy_s_ += end - start;
}

void IoThread::put(Job job) {
  const double start = now_s();
  if (!options_.async) {
    do_now(job, false);
  } else {
    const activity::Waiting waiting(activity::State::waits_for_io);
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return left_ < static_cast<std::size_t>(std::max(1, options_.ring_depth)); };
    if (!has_room()) {
      changed_.wait(lock, has_room);
      timeline_.wait(start, now_s());
    }
    timeline_.submit(now_s());
    ordinary_.push_back(std::move(job));
    ++left_;
    lock.unlock();
    changed_.notify_all();
  }
  stall_s_ += now_s() - start;
}

void IoThread::put_urgent(Job job) {
  if (!options_.async) return do_now(job, true);
  {
    const std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(job));
  }
  changed_.notify_all();
}

std::size_t IoThread::jobs_left() const {
  const std::lock_guard lock(mutex_);
  return left_;
}

std::uint64_t IoThread::submitted() const {
  const std::lock_guard lock(mutex_);
  return timeline_.submitted();
}

void IoThread::wait_until_left(std::size_t jobs) {
  const double start = now_s();
  const activity::Waiting waiting(activity::State::waits_for_io);
  std::unique_lock lock(mutex_);
  if (left_ > jobs) {
    changed_.wait(lock, [&] { return left_ <= jobs; });
    timeline_.wait(start, now_s());
  }
  stall_s_ += now_s() - start;
}

void IoThread::drain() {
  const activity::Waiting waiting(activity::State::waits_for_io);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return left_ == 0; });
}

void IoThread::note_wait(double begin_s, double end_s) {
  const std::lock_guard lock(mutex_);
  timeline_.wait(begin_s, end_s);
}

void IoThread::note_sync(double begin_s, double end_s) {
  const std::lock_guard lock(mutex_);
  timeline_.sync(begin_s, end_s);
}

void IoThread::note_durable(std::uint64_t jobs) {
  const std::lock_guard lock(mutex_);
  timeline_.commit(jobs, now_s());
}

IoTimeline IoThread::timeline() const {
  const std::lock_guard lock(mutex_);
  return timeline_;
}

double IoThread::busy_s() const {
  const std::lock_guard lock(mutex_);
  return busy_s_;
}
double IoThread::stall_s() const { return stall_s_; }

void IoThread::run() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !urgent_.empty() || !ordinary_.empty(); });
    if (stop_) return;
    const bool is_urgent = !urgent_.empty();
    auto& queue = is_urgent ? urgent_ : ordinary_;
    Job job = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    const double start = now_s();
    job();
    job = nullptr;  // its captures too
    activity::rest();
    lock.lock();
    const double end = now_s();
    is_urgent ? timeline_.sync(start, end) : timeline_.write(start, end);
    busy_s_ += end - start;
    if (!is_urgent) --left_;
    changed_.notify_all();
  }
}

}  // namespace concdemo
