#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "system/topology.hpp"

// What several lessons use.
namespace concdemo {

// How many are inside at once, and the most there ever were.
class Gauge {
 public:
  void enter() {
    const int now = ++now_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) continue;
  }
  void leave() { --now_; }
  int most() const { return most_; }

 private:
  std::atomic<int> now_ = 0;
  std::atomic<int> most_ = 0;
};

// "4 threads on 1 CPU": what times are to be read with.
inline std::string threads_on_cpus(int threads) {
  return fmt::format("{} threads on {}", threads, counted(allowed_cpus().size(), "CPU"));
}

// Runs work(0) .. work(threads - 1), each on a thread of its own, begun together. Seconds from the first beginning to
// the last end. `work` throws nothing.
inline double run_on_threads(int threads, const std::function<void(int)>& work) {
  std::vector<double> begin_s(static_cast<std::size_t>(threads));
  std::vector<double> end_s(begin_s.size());
  std::latch ready(threads);
  bool all_there = true;  // written before the latch opens
  std::vector<std::jthread> workers;
  try {
    for (int thread = 0; thread < threads; ++thread) {
      workers.emplace_back([&, thread, i = static_cast<std::size_t>(thread)] {
        ready.arrive_and_wait();
        if (!all_there) return;
        begin_s[i] = now_s();
        work(thread);
        end_s[i] = now_s();
      });
    }
  } catch (...) {  // the system has no more threads: those that wait are let go
    all_there = false;
    ready.count_down(threads - static_cast<int>(workers.size()));
    throw;
  }
  workers.clear();  // joins
  return *std::max_element(end_s.begin(), end_s.end()) - *std::min_element(begin_s.begin(), begin_s.end());
}

}  // namespace concdemo
