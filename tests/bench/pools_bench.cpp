// RankPool and ThreadPool in figures: efficiency by size of task, claims, skewed tasks, submit and get.
// Usage: [mpirun -n R] pools_bench THREADS [REPEATS]; results gathered to rank 0 are part of every time.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "pool/claims.hpp"
#include "pool/rank_pool.hpp"
#include "pool/thread_pool.hpp"

using namespace concdemo;

namespace {

double spin(double seconds) {
  const double end = now_s() + seconds;
  double now = now_s();
  while (now < end) now = now_s();
  return now;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Median time in seconds of a collective call.
template <class F>
double timed(const mpi::Comm& world, int repeats, F call) {
  call();
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    world.barrier();
    world.barrier();
    const double start = now_s();
    call();
    seconds.push_back(now_s() - start);
  }
  return median(seconds);
}

void bench_rank_pool(const mpi::Comm& world, int threads, int repeats) {
  RankPool pool(world, {.threads = threads});
  const int workers = static_cast<int>(world.sum(static_cast<std::uint64_t>(threads)));
  const auto show = [&](const std::string& text) {
    if (world.is_root()) fmt::print("{}\n", text);
  };
  show(fmt::format("RankPool, {} rank{} x {} thread{}", world.size(), world.size() == 1 ? "" : "s", threads,
                   threads == 1 ? "" : "s"));
  for (const double task_s : {1e-3, 100e-6, 10e-6, 1e-6, 0.5e-6}) {
    const auto count = static_cast<std::uint64_t>(std::min(0.4 * workers / task_s, 1e6));
    const double wall = timed(world, repeats, [&] {
      pool.map(Indices{count}, [task_s](std::uint64_t) { return spin(task_s); }, {.results = Results::root});
    });
    show(fmt::format("  {:>7g} us tasks: efficiency {:.3f}", task_s * 1e6,
                     static_cast<double>(count) * task_s / workers / wall));
  }
  // One of 100 tasks takes 50 times as long; the ideal is all the work over the workers, or that one task.
  for (const std::uint64_t heavy : {0, 30, 50}) {
    constexpr double task_s = 1e-3;
    const double wall = timed(world, repeats, [&] {
      pool.map(Indices{100}, [=](std::uint64_t i) { return spin(i == heavy ? 50 * task_s : task_s); },
               {.results = Results::root});
    });
    show(fmt::format("  1 of 100 tasks takes 50 x (number {}): {:.3f} of the ideal time", heavy,
                     wall / std::max(149 * task_s / workers, 50 * task_s)));
  }
  std::atomic<claims::Word> word;
  const double claims = timed(world, repeats, [&] {
    word = claims::pack({0, 1'000'000});
#pragma omp parallel num_threads(threads)
    while (claims::claim(word, 1, 2)) {}
  });
  show(fmt::format("  a claim, {} thread{} at once: {:.0f} ns", threads, threads == 1 ? "" : "s", claims * 1e9 / 1e6));
}

void bench_thread_pool(int repeats) {
  ThreadPool pool({.threads = 2, .queue = 100'000});
  constexpr int count = 50'000;
  std::vector<double> stream, round_trip;
  for (int i = 0; i < repeats; ++i) {
    double start = now_s();
    std::vector<std::future<int>> futures;
    futures.reserve(count);
    for (int k = 0; k < count; ++k) futures.push_back(pool.submit([k] { return k; }));
    for (auto& future : futures) future.get();
    stream.push_back((now_s() - start) / count);
    start = now_s();
    for (int k = 0; k < 2000; ++k) pool.submit([k] { return k; }).get();
    round_trip.push_back((now_s() - start) / 2000);
  }
  fmt::print(
      "ThreadPool, 2 threads\n  submit and get: {:.2f} us a task when many are under way, {:.2f} us one by one\n",
      median(stream) * 1e6, median(round_trip) * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 5;
  bench_rank_pool(world, threads, repeats);
  if (world.size() == 1) bench_thread_pool(repeats);
  return 0;
}
