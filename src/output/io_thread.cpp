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

void IoThread::run(const Job& job, bool is_urgent) {
  const double start = now_s();
  job();
  const double end = now_s();
  const std::lock_guard lock(mutex_);
  is_urgent ? timeline_.sync(start, end) : timeline_.write(start, end);
  busy_s_ += end - start;
}

void IoThread::run_now(const Job& job, bool is_urgent) {
  const double start = now_s();
  if (!is_urgent) timeline_.submit(start);
  run(job, is_urgent);
  timeline_.wait(start, now_s());
}

void IoThread::put(Job job) {
  const double start = now_s();
  if (!options_.async) {
    run_now(job, false);
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
  if (!options_.async) return run_now(job, true);
  {
    const std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(job));
  }
  changed_.notify_all();
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

void IoThread::note(const std::function<void(IoTimeline&)>& what) {
  const std::lock_guard lock(mutex_);
  what(timeline_);
}

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
    run(job, is_urgent);
    job = nullptr;  // its captures too
    activity::rest();
    lock.lock();
    if (!is_urgent) --left_;
    changed_.notify_all();
  }
}

}  // namespace concdemo
