#include "pool/thread_pool.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

thread_local const ThreadPool* pool_of_this_thread = nullptr;

}  // namespace

ThreadPool::ThreadPool(Options options) : capacity_(std::max<std::size_t>(1, options.queue)) {
  const int count = options.threads > 0 ? options.threads : std::max(1, static_cast<int>(allowed_cpus().size()));
  try {
    for (int i = 0; i < count; ++i) {
      WorkerStats& stats = stats_.emplace_back();
      threads_.emplace_back([this, &stats] { work(stats); });
    }
  } catch (...) {  // the system gives no more threads: those that began are ended first
    end();
    throw;
  }
}

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::end() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  filled_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::inside() { return pool_of_this_thread != nullptr; }

void ThreadPool::push(std::unique_ptr<Task> task) {
  if (pool_of_this_thread == this) return task->run();
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return queue_.size() < capacity_; });
  queue_.push_back(std::move(task));
  queued_.store(queue_.size(), std::memory_order_relaxed);
  lock.unlock();
  filled_.notify_one();
}

// Looks for the next task for a moment before the worker sleeps: waking it costs several times as much.
void ThreadPool::expect_task() const {
  constexpr double patience_s = 20e-6;
  const double start = now_s();
  while (queued_.load(std::memory_order_relaxed) == 0 && now_s() - start < patience_s) {}
}

void ThreadPool::work(WorkerStats& stats) {
  pool_of_this_thread = this;
  std::unique_lock lock(mutex_);
  double last = now_s();
  while (true) {
    if (queue_.empty() && !stop_) {
      lock.unlock();
      expect_task();
      lock.lock();
    }
    filled_.wait(lock, [&] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::unique_ptr<Task> task = std::move(queue_.front());
    queue_.pop_front();
    queued_.store(queue_.size(), std::memory_order_relaxed);
    ++running_;
    lock.unlock();
    freed_.notify_one();
    const double begin = now_s();
    task->run();
    task.reset();
    const double end = now_s();
    lock.lock();
    ++stats.items;
    stats.wait_s += begin - last;
    stats.busy_s += end - begin;
    last = end;
    if (--running_ == 0 && queue_.empty()) idle_.notify_all();
  }
}

std::size_t ThreadPool::cancel() {
  std::deque<std::unique_ptr<Task>> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(queue_);
    queued_.store(0, std::memory_order_relaxed);
    if (running_ == 0) idle_.notify_all();
  }
  freed_.notify_all();
  for (const auto& task : dropped) task->fail(std::make_exception_ptr(Cancelled()));
  return dropped.size();
}

void ThreadPool::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return queue_.empty() && running_ == 0; });
}

bool ThreadPool::wait_for(std::chrono::nanoseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [&] { return queue_.empty() && running_ == 0; });
}

std::vector<WorkerStats> ThreadPool::stats() const {
  const std::lock_guard lock(mutex_);
  return {stats_.begin(), stats_.end()};
}

}  // namespace concdemo
