// What a formed layout costs: fork-join of a team, and arithmetic and reading beside parked ranks.
//
// Usage: sweep_bench native        started with its threads bound by the launch
//        sweep_bench formed        one rank a core: one of them has all cores, the others are parked
// Prints one JSON line. parked_cost: time with the parked ranks waiting as they do over time with them stopped by
// SIGSTOP, less 1, median of alternating pairs.
#include <fmt/format.h>
#include <omp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "kernels/peaks.hpp"
#include "layout/formed_layout.hpp"
#include "measure/sweep_verdict.hpp"
#include "system/array.hpp"

using namespace concdemo;

namespace {

template <class Work>
double timed(Work work) {
  const double start = now_s();
  work();
  return now_s() - start;
}

double fork_join_us(int threads) {
  constexpr int joins = 2000;
  std::vector<double> batches;
  for (int batch = 0; batch < 21; ++batch) {
    batches.push_back(timed([&] {
      for (int i = 0; i < joins; ++i) {
#pragma omp parallel num_threads(threads)
        asm volatile("" ::: "memory");
      }
    }));
  }
  return median(batches) / joins * 1e6;
}

// Median of what the parked ranks add to the time of `work`, 0.01: one percent.
template <class Work>
double parked_cost(const std::vector<pid_t>& parked, Work work) {
  constexpr int pairs = 41;
  std::vector<double> ratios;
  for (int pair = 0; pair < pairs; ++pair) {
    double seconds[2] = {};
    for (const int turn : {pair % 2, 1 - pair % 2}) {
      for (const pid_t pid : parked) kill(pid, turn == 0 ? SIGSTOP : SIGCONT);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      work();  // the team is awake again
      seconds[turn] = timed(work);
    }
    ratios.push_back(seconds[1] / seconds[0] - 1);
  }
  for (const pid_t pid : parked) kill(pid, SIGCONT);
  return median(ratios);
}

double cpu_s(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// The largest of any parked rank, over a second of `work`.
template <class Work>
double parked_cpu(const std::vector<pid_t>& parked, Work work) {
  std::vector<double> before;
  for (const pid_t pid : parked) before.push_back(cpu_s(pid));
  const double start = now_s();
  while (now_s() - start < 1) work();
  double most = 0;
  for (std::size_t i = 0; i < parked.size(); ++i) most = std::max(most, cpu_s(parked[i]) - before[i]);
  return most / (now_s() - start);
}

void measure_and_print(const char* how, int threads, const std::vector<pid_t>& parked) {
  const double fork_join = fork_join_us(threads);
  Array buffer(std::uint64_t{1} << 25);  // 256 MiB
  const auto n = static_cast<std::ptrdiff_t>(buffer.size());
  double* const data = buffer.span().data();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) data[i] = 1;
  const auto arithmetic = [&] { fma_chains(threads, 10'000'000); };
  const auto reading = [&] {
    for (int i = 0; i < 4; ++i) memory_pass(Pass::read, buffer.span(), threads);
  };
  arithmetic();
  reading();
  std::string text = fmt::format(R"({{"how": "{}", "threads": {}, "fork_join_us": {:.3f})", how, threads, fork_join);
  text += fmt::format(R"(, "fma_s": {:.6f}, "read_s": {:.6f})", timed(arithmetic), timed(reading));
  if (!parked.empty()) {
    text += fmt::format(R"(, "parked_cpu": {:.5f})", parked_cpu(parked, arithmetic));
    text += fmt::format(R"(, "parked": {}, "parked_cost_fma": {:.5f}, "parked_cost_read": {:.5f})", parked.size(),
                        parked_cost(parked, arithmetic), parked_cost(parked, reading));
  }
  fmt::print("{}}}\n", text);
}

}  // namespace

int main(int argc, char** argv) {
  const bool formed = argc == 2 && std::strcmp(argv[1], "formed") == 0;
  if (formed) restart_with_all_cpus();
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  if (!formed) {
    measure_and_print("native", omp_get_max_threads(), {});
    return 0;
  }
  Formation formation(world);
  std::vector<pid_t> parked;
  for (const std::string& pid : world.gather(std::to_string(getpid()))) parked.push_back(std::stoi(pid));
  if (!parked.empty()) parked.erase(parked.begin());
  formation.run_as({1, 1, formation.allocation().cores},
                   [&](const mpi::Comm&, int threads) { measure_and_print("formed", threads, parked); });
  return 0;
}
