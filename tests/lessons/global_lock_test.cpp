#include "lessons/global_lock.hpp"

#include <functional>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;
using namespace std::chrono_literals;

namespace {

// Arrive and wait for the others; false when they do not come within ten seconds.
class Meeting {
 public:
  explicit Meeting(int missing) : missing_(missing) {}
  bool arrive() {
    std::unique_lock guard(mutex_);
    --missing_;
    met_.notify_all();
    return met_.wait_for(guard, 10s, [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable met_;
  int missing_;
};

void on_threads(int count, const std::function<void()>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("threads that wait with the global lock released wait at the same time") {
  GlobalLock lock;
  Meeting meeting(4);
  std::atomic<int> met = 0;
  on_threads(4, [&] {
    const std::scoped_lock hold(lock);
    const Released released(&lock);
    met += meeting.arrive() ? 1 : 0;
  });
  CHECK(met == 4);
}

TEST_CASE("work under the global lock never overlaps, hand-overs or not") {
  GlobalLock lock(20us);
  std::uint64_t steps = 0;  // guarded by nothing else: ThreadSanitizer sees whether the lock orders it
  int inside = 0;
  int overlaps = 0;
  on_threads(3, [&] {
    for (int task = 0; task < 20; ++task) {
      const std::scoped_lock hold(lock);
      for (int step = 0; step < 500; ++step) {
        if (++inside != 1) ++overlaps;
        for (int i = 0; i < 100; ++i) ++steps;
        --inside;
        lock.check_point();
      }
    }
  });
  CHECK(overlaps == 0);
  CHECK(steps == 3ULL * 20 * 500 * 100);
}

TEST_CASE("a waiting thread gets the global lock from one that never lets go by itself") {
  GlobalLock lock(1ms);
  std::atomic<bool> had_it = false;
  lock.lock();
  std::thread other([&] {
    const std::scoped_lock hold(lock);
    had_it = true;
  });
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!had_it && std::chrono::steady_clock::now() < end) lock.check_point();
  const auto handed_over = lock.handed_over();
  lock.unlock();
  other.join();
  CHECK(had_it);
  CHECK(handed_over == 1);
}

TEST_CASE("nobody waits: the holder keeps the global lock") {
  GlobalLock lock(1ns);
  const std::scoped_lock hold(lock);
  for (int i = 0; i < 1000; ++i) lock.check_point();
  CHECK(lock.handed_over() == 0);
  const Released nothing(nullptr);
}
