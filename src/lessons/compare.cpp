#include "lessons/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace concdemo {
namespace {

double process_cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void check(const TaskList& tasks, const Way& way, const TaskResults& results) {
  for (std::uint64_t i = 0; i < tasks.count; ++i) {
    const std::uint64_t known = known_result(tasks, i);
    if (i < results.size() && results[i] == known) continue;
    throw Error(ExitCode::verification,
                fmt::format("{}: {} task {} gave {:016x}, not {:016x}: a race or broken hardware", way.name,
                            name_of(tasks.kind), i, i < results.size() ? results[i] : 0, known));
  }
}

// A way that is ready, and what it did.
struct Entry {
  const Way& way;
  Run run;
  WayFigure figure;
};

// Calls what rank 0 alone does, with the CPUs of its node, or all ranks do; a failure anywhere is thrown everywhere.
void on_its_ranks(const Resources& resources, const Way& way, const std::function<void()>& work) {
  if (way.on_all_ranks) return work();  // its own collective calls agree on failures
  const OnCpus everywhere(resources.cpus);
  mpi::on_root(resources.world, work);
}

void run_once(const Resources& resources, const TaskList& tasks, Entry& entry) {
  const mpi::Comm& world = resources.world;
  TaskResults results;
  double seconds = 0;  // of rank 0, who has the results
  world.barrier();
  const double cpu_before = process_cpu_s() - resources.other_cpu_s();
  on_its_ranks(resources, entry.way, [&] {
    const double start = now_s();
    results = entry.run();
    seconds = now_s() - start;
  });
  double cpu_s = std::max(process_cpu_s() - resources.other_cpu_s() - cpu_before, 0.0);
  world.sum(std::span(&cpu_s, 1));
  mpi::on_root(world, [&] { check(tasks, entry.way, results); });
  auto& figure = entry.figure;
  if (figure.samples.seconds.empty() || seconds < figure.seconds) {
    figure.seconds = seconds;
    figure.cpu_s = cpu_s;
  }
  figure.samples.seconds.push_back(seconds);
}

}  // namespace

KindFigures compare_ways(const Resources& resources, const TaskList& tasks, int repeat,
                         const std::function<void(const std::string& way)>& show) {
  show(fmt::format("{} tasks: preparing", name_of(tasks.kind)));
  std::vector<Entry> entries;
  for (const Way& way : ways()) {
    if (way.on_all_ranks && resources.world.size() == 1) continue;
    Entry& entry = entries.emplace_back(Entry{way, {}, {}});
    entry.figure.way = way.name;
    entry.figure.workers = way.workers(resources);
    on_its_ranks(resources, way, [&] { entry.run = way.prepare(resources, tasks); });
  }
  // In turn, so that a bad moment of the machine meets every way.
  for (int i = 0; i < repeat; ++i) {
    for (Entry& entry : entries) {
      show(fmt::format("{} tasks: {}, run {} of {}", name_of(tasks.kind), entry.way.name, i + 1, repeat));
      run_once(resources, tasks, entry);
    }
  }
  KindFigures figures{tasks, {}};
  for (Entry& entry : entries) {
    WayFigure& figure = entry.figure;
    figure.speed_up = entries.front().figure.seconds / std::max(figure.seconds, 1e-9);
    figure.efficiency = figure.speed_up / figure.workers;
    if (resources.world.is_root()) figures.ways.push_back(figure);
  }
  return figures;
}

Grain compare_grain(const Resources& resources, const std::vector<double>& task_us, std::uint64_t count, int repeat,
                    const std::function<void(const std::string& way)>& show) {
  constexpr double serial_us = 40'000;
  Grain grain{task_us, {}};
  double steps_per_us = 0;
  mpi::together(resources.world, [&] { steps_per_us = spin_steps_per_us(); });
  steps_per_us = resources.world.broadcast_value(steps_per_us);
  for (const double us : task_us) {
    TaskList tasks;
    tasks.kind = TaskKind::spin;
    tasks.count = count > 0 ? count : std::clamp<std::uint64_t>(static_cast<std::uint64_t>(serial_us / us), 32, 40'000);
    tasks.steps = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(us * steps_per_us));
    grain.figures.push_back(compare_ways(resources, tasks, repeat, show));
  }
  return grain;
}

SmallestTask smallest_task(const std::vector<double>& task_us, const std::vector<double>& efficiency, double enough) {
  std::size_t first = task_us.size();  // of those that have it with all larger ones
  while (first > 0 && efficiency[first - 1] >= enough) --first;
  if (first == task_us.size()) return {SmallestTask::Where::never, 0};
  if (first == 0) return {SmallestTask::Where::below, task_us.front()};
  const double below = std::isnan(efficiency[first - 1]) ? 0 : efficiency[first - 1];
  const double part = (enough - below) / (efficiency[first] - below);
  return {SmallestTask::Where::at, task_us[first - 1] * std::pow(task_us[first] / task_us[first - 1], part)};
}

}  // namespace concdemo
