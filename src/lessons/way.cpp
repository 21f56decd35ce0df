#include "lessons/way.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <queue>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/partition.hpp"
#include "base/text.hpp"
#include "pool/rank_pool.hpp"
#include "pool/thread_pool.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

Run serial(const Resources&, const TaskList& list) {
  return [list] {
    TaskResults results;
    for (std::uint64_t i = 0; i < list.count; ++i) results.push_back(run_task(list, i));
    return results;
  };
}

Run threads(const Resources& resources, const TaskList& list) {
  const auto pool = std::make_shared<ThreadPool>(ThreadPool::Options{resources.threads});
  return [pool, list] { return pool->map(Indices{list.count}, [&](std::uint64_t i) { return run_task(list, i); }); };
}

Run threads_under_one_lock(const Resources& resources, const TaskList& list) {
  const auto pool = std::make_shared<ThreadPool>(ThreadPool::Options{resources.threads});
  const auto lock = std::make_shared<GlobalLock>();
  return [pool, lock, list] {
    return pool->map(Indices{list.count}, [&](std::uint64_t i) {
      const std::scoped_lock hold(*lock);
      return run_task(list, i, lock.get());
    });
  };
}

Run openmp(const Resources& resources, const TaskList& list) {
  const int team = resources.threads;
  const std::vector<int>& cpus = resources.cpus;
#pragma omp parallel num_threads(team) default(none) shared(cpus)
  if (!cpus.empty()) pin_this_thread(cpus);
  return [team, list] {
    TaskResults results(list.count);
    std::exception_ptr failure;
#pragma omp parallel for num_threads(team) schedule(dynamic, 1) default(none) shared(list, results, failure)
    for (std::uint64_t i = 0; i < list.count; ++i) {
      try {
        results[i] = run_task(list, i);
      } catch (...) {  // no exception may leave the loop
#pragma omp critical(compare_failure)
        failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    return results;
  };
}

Run over_ranks(const Resources& resources, const TaskList& list, int threads_a_rank) {
  const auto pool = std::make_shared<RankPool>(resources.world, RankPool::Options{threads_a_rank});
  MapOptions options;
  options.results = Results::root;
  // Few long tasks one by one; many short ones as the pool finds best.
  options.chunk = list.kind == TaskKind::spin ? 0 : 1;
  return [pool, list, options] {
    return pool->map(
        Indices{list.count}, [&](std::uint64_t i) { return run_task(list, i); }, options);
  };
}

Run ranks(const Resources& resources, const TaskList& list) { return over_ranks(resources, list, 1); }
Run ranks_and_threads(const Resources& resources, const TaskList& list) {
  return over_ranks(resources, list, resources.rank_threads);
}

// Timers on one thread: all are started, then each is waited for as it comes due.
TaskResults sleep_in_event_loop(const TaskList& list) {
  using Timer = std::pair<double, std::uint64_t>;  // when it is due (seconds of now_s), task
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  for (std::uint64_t i = 0; i < list.count; ++i) timers.emplace(now_s() + list.wait_s, i);
  TaskResults results(list.count);
  for (; !timers.empty(); timers.pop()) {
    const auto [due_s, task] = timers.top();
    const double left_s = due_s - now_s();
    if (left_s > 0) std::this_thread::sleep_for(std::chrono::duration<double>(left_s));
    results[task] = task;
  }
  return results;
}

TaskResults get_in_event_loop(const TaskList& list) {
  TaskResults results;
  for (const auto& answer : http::get_all(std::vector<std::string>(list.count, list.url), most_connections)) {
    results.push_back(result_of(list, answer));
  }
  return results;
}

// What computes, or blocks without telling when it is ready, runs in the loop as it is: one after the other.
Run event_loop(const Resources& resources, const TaskList& list) {
  if (list.kind == TaskKind::sleep) return [list] { return sleep_in_event_loop(list); };
  if (list.kind == TaskKind::http) return [list] { return get_in_event_loop(list); };
  return serial(resources, list);
}

int one(const Resources&) { return 1; }
int threads_of(const Resources& resources) { return resources.threads; }

const std::array<Way, 7> all{{
    {"serial", false, one, serial},
    {"threads", false, threads_of, threads},
    {"threads, one lock", false, threads_of, threads_under_one_lock},
    {"OpenMP", false, threads_of, openmp},
    {"ranks", true, [](const Resources& resources) { return resources.world.size(); }, ranks},
    {"ranks x threads", true,
     [](const Resources& resources) { return resources.world.size() * resources.rank_threads; }, ranks_and_threads},
    {"event loop", false, one, event_loop},
}};

}  // namespace

std::span<const Way> ways() { return all; }

std::vector<int> cpus_of_node(const mpi::Comm& world) {
  std::set<int> cpus;
  for (const std::string& list : world.split_by_node().all_gather(format_list(allowed_cpus()))) {
    for (const int cpu : parse_list(list).value_or(std::vector<int>{})) cpus.insert(cpu);
  }
  return {cpus.begin(), cpus.end()};
}

OnCpus::OnCpus(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  before_ = allowed_cpus();
  pin_this_thread(cpus);
}

OnCpus::~OnCpus() {
  if (!before_.empty()) pin_this_thread(before_);
}

}  // namespace concdemo
