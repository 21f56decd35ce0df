#include "pool/thread_pool.hpp"

#include <atomic>
#include <memory>
#include <numeric>
#include <string>

#include "base/partition.hpp"
#include "support/catch.hpp"

using namespace concdemo;
using namespace std::chrono_literals;

namespace {

// A task that waits until it is let go, and says when it has begun.
struct Gate {
  std::promise<void> begun, open;
  std::shared_future<void> opened = open.get_future().share();
  auto task() {
    return [this] {
      begun.set_value();
      opened.wait();
    };
  }
};

std::uint64_t items_of(const ThreadPool& pool) {
  std::uint64_t total = 0;
  for (const auto& worker : pool.stats()) total += worker.items;
  return total;
}

}  // namespace

TEST_CASE("ThreadPool: map keeps the order of the items; the sum of squares of 1..5 is 55") {
  ThreadPool pool({.threads = 3});
  const auto squares = pool.map(std::vector<int>{1, 2, 3, 4, 5}, [](int x) { return x * x; });
  CHECK(squares == std::vector<int>{1, 4, 9, 16, 25});
  CHECK(std::accumulate(squares.begin(), squares.end(), 0) == 55);
  CHECK(pool.map(std::vector<int>{}, [](int x) { return x; }).empty());
  const std::vector<std::string> words{"a", "bc"};
  CHECK(pool.map(words, [](const std::string& word) { return word + word; }) == std::vector<std::string>{"aa", "bcbc"});
  CHECK(pool.map(Indices{4}, [](std::uint64_t i) { return i; }) == std::vector<std::uint64_t>{0, 1, 2, 3});
  pool.wait();
  CHECK(items_of(pool) == 11);
}

TEST_CASE("ThreadPool: results may be moved only, tasks too") {
  ThreadPool pool({.threads = 2});
  auto owned = std::make_unique<int>(7);
  auto future = pool.submit([owned = std::move(owned)]() mutable { return std::move(owned); });
  CHECK(*future.get() == 7);
}

TEST_CASE("ThreadPool: an exception is in its future; map throws that of the first item, after all have ended") {
  ThreadPool pool({.threads = 2});
  auto future = pool.submit([]() -> int { throw std::runtime_error("seven"); });
  CHECK_THROWS_WITH(future.get(), "seven");
  std::atomic<int> ended = 0;
  const std::vector<int> items{0, 1, 2, 3, 4, 5};
  CHECK_THROWS_WITH(pool.map(items,
                             [&](int i) {
                               ++ended;
                               if (i % 2 == 1) throw std::runtime_error(std::to_string(i));
                             }),
                    "1");
  CHECK(ended == 6);
}

TEST_CASE("ThreadPool: a full queue makes submit wait") {
  ThreadPool pool({.threads = 1, .queue = 2});
  Gate gate;
  auto first = pool.submit(gate.task());
  gate.begun.get_future().wait();
  pool.submit([] {});
  auto last = pool.submit([] { return 3; });
  std::atomic<bool> came_through = false;
  std::thread other([&] {
    pool.submit([] {});
    came_through = true;
  });
  std::this_thread::sleep_for(5ms);
  CHECK_FALSE(came_through);
  gate.open.set_value();
  other.join();
  CHECK(last.get() == 3);
  CHECK(pool.submit([] { return 4; }).get() == 4);
}

TEST_CASE("ThreadPool: cancel drops what has not begun, and only that") {
  ThreadPool pool({.threads = 1});
  Gate gate;
  auto running = pool.submit(gate.task());
  gate.begun.get_future().wait();
  auto waiting = pool.submit([] { return 1; });
  auto other = pool.submit([] { return 2; });
  CHECK(waiting.wait_for(1ms) == std::future_status::timeout);
  CHECK_FALSE(pool.wait_for(1ms));
  CHECK(pool.cancel() == 2);
  CHECK_THROWS_AS(waiting.get(), Cancelled);
  CHECK_THROWS_AS(other.get(), Cancelled);
  gate.open.set_value();
  running.get();
  CHECK(pool.wait_for(10s));
  CHECK(pool.submit([] { return 5; }).get() == 5);
}

TEST_CASE("ThreadPool: its destructor runs what was submitted and joins") {
  std::atomic<int> count = 0;
  {
    ThreadPool pool({.threads = 3, .queue = 1000});
    for (int i = 0; i < 500; ++i) pool.submit([&] { ++count; });
  }
  CHECK(count == 500);
}

TEST_CASE("ThreadPool: tasks that submit to their own pool do not deadlock, however full it is") {
  ThreadPool pool({.threads = 1, .queue = 1});
  const std::vector<int> items{1, 2, 3};
  auto future = pool.submit([&] {
    CHECK(ThreadPool::inside());
    const auto inner = pool.map(items, [](int x) { return 2 * x; });
    return inner[2] + pool.submit([] { return 10; }).get();
  });
  CHECK(future.get() == 16);
  CHECK_FALSE(ThreadPool::inside());
}

TEST_CASE("ThreadPool: without a number of threads it takes the CPUs there are") {
  ThreadPool pool;
  CHECK(pool.size() >= 1);
  CHECK(pool.submit([] { return 1; }).get() == 1);
}
