#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace concdemo {

// What one worker of a pool has done so far.
struct WorkerStats {
  std::uint64_t items = 0;  // tasks or items, failed ones included
  double busy_s = 0;        // in them
  double wait_s = 0;        // for the next one
};

// What the future of a cancelled task throws.
struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("the task was cancelled before it began") {}
};

// Threads that run submitted tasks in the order of submission, for work that waits (requests, files) in one process.
// submit() hands back a std::future with the result or the exception; wait on it with get(), or wait_for() and a limit.
// A task that a worker of the pool submits to it runs at once, in that worker: waiting for it cannot deadlock.
// Any thread may call any member but the destructor.
class ThreadPool {
 public:
  struct Options {
    int threads = 0;           // 0: one for each CPU this process may use
    std::size_t queue = 1024;  // tasks that wait for a worker before submit() waits for a place
  };

  ThreadPool() : ThreadPool(Options{}) {}
  explicit ThreadPool(Options options);
  ~ThreadPool();  // runs what was submitted, then joins; cancel() first to drop it
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // f() on a worker. Waits while the queue is full.
  template <class F>
  auto submit(F f) -> std::future<std::invoke_result_t<F&>> {
    auto task = std::make_unique<TaskOf<F>>(std::move(f));
    auto future = task->promise.get_future();
    push(std::move(task));
    return future;
  }

  // f(item) for every item; results in the order of the items. Returns when all have ended; then throws the exception
  // of the first item that failed.
  template <class Items, class F>
  auto map(const Items& items, F f) {
    using Result = std::invoke_result_t<F&, decltype(*std::begin(items))>;
    Pending<Result> pending;
    for (auto&& item : items) {
      if constexpr (std::is_reference_v<decltype(*std::begin(items))>) {
        pending.futures.push_back(submit([&f, &item] { return f(item); }));
      } else {
        pending.futures.push_back(submit([&f, item] { return f(item); }));  // items that the range makes on the way
      }
    }
    pending.wait();
    if constexpr (std::is_void_v<Result>) {
      for (auto& future : pending.futures) future.get();
    } else {
      std::vector<Result> results;
      results.reserve(pending.futures.size());
      for (auto& future : pending.futures) results.push_back(future.get());
      return results;
    }
  }

  std::size_t cancel();  // drops tasks that have not begun; their futures throw Cancelled; returns how many
  void wait();           // until nothing is queued or running; from inside a task it would never return
  bool wait_for(std::chrono::nanoseconds limit);  // the same, false when the time is up first

  int size() const { return static_cast<int>(threads_.size()); }
  std::vector<WorkerStats> stats() const;

  static bool inside();  // whether the calling thread is a worker of some ThreadPool

 private:
  struct Task {
    virtual ~Task() = default;
    virtual void run() noexcept = 0;
    virtual void fail(std::exception_ptr why) noexcept = 0;
  };

  template <class F>
  struct TaskOf final : Task {
    explicit TaskOf(F function) : f(std::move(function)) {}
    void run() noexcept override {
      try {
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
          f();
          promise.set_value();
        } else {
          promise.set_value(f());
        }
      } catch (...) { promise.set_exception(std::current_exception()); }
    }
    void fail(std::exception_ptr why) noexcept override { promise.set_exception(std::move(why)); }
    F f;
    std::promise<std::invoke_result_t<F&>> promise;
  };

  // Tasks of map() refer to its arguments: it never leaves before they have ended.
  template <class Result>
  struct Pending {
    ~Pending() { wait(); }
    void wait() {
      for (auto& future : futures) {
        if (future.valid()) future.wait();
      }
    }
    std::vector<std::future<Result>> futures;
  };

  void push(std::unique_ptr<Task> task);
  void end();  // of all threads, once the queue is empty
  void work(WorkerStats& stats);
  void expect_task() const;

  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;  // a task came, or the end
  std::condition_variable freed_;   // a place in the queue
  std::condition_variable idle_;    // nothing queued or running
  std::deque<std::unique_ptr<Task>> queue_;
  std::atomic<std::size_t> queued_ = 0;  // what queue_ holds, for a look without the mutex
  std::size_t running_ = 0;
  bool stop_ = false;
  std::deque<WorkerStats> stats_;  // one a worker, guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace concdemo
