#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lessons/way.hpp"
#include "measure/measure.hpp"

// The same tasks in each way, measured.
namespace concdemo {

// How one way did.
struct WayFigure {
  std::string way;
  int workers = 1;
  Samples samples;        // seconds of every run, by rank 0's clock
  double seconds = 0;     // the shortest of them
  double cpu_s = 0;       // CPU time of all ranks in that run, a server of our own left out
  double speed_up = 0;    // serial seconds / seconds
  double efficiency = 0;  // speed_up / workers
};

struct KindFigures {
  TaskList tasks;
  std::vector<WayFigure> ways;  // serial first
};

// Collective: every way that can be taken, `repeat` times each, in turn; figures on rank 0 only. A way that needs
// several ranks is left out on one. A result that differs from the known one throws verification Error. `show` is told
// of each way.
KindFigures compare_ways(const Resources& resources, const TaskList& tasks, int repeat,
                         const std::function<void(const std::string& way)>& show);

// The figures of spin tasks of several sizes, ascending.
struct Grain {
  std::vector<double> task_us;
  std::vector<KindFigures> figures;  // of each size
};
// Collective. `count`: tasks of each size; 0: as many as take a few hundredths of a second.
Grain compare_grain(const Resources& resources, const std::vector<double>& task_us, std::uint64_t count, int repeat,
                    const std::function<void(const std::string& way)>& show);

// The smallest task at which a way has this efficiency, and has it at all larger sizes too; between two sizes
// interpolated in the logarithm of the size. Sizes ascending; NaN counts as 0.
struct SmallestTask {
  enum class Where { below, at, never };  // below the smallest size; at `us`; not even at the largest
  Where where = Where::never;
  double us = 0;
};
SmallestTask smallest_task(const std::vector<double>& task_us, const std::vector<double>& efficiency,
                           double enough = 0.5);

}  // namespace concdemo
