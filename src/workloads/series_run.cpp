#include "workloads/series_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "screen/terminal.hpp"
#include "workloads/problem.hpp"

namespace concdemo {
namespace {

const Workload& workload_of(const SeriesFile& file, const std::string& path) {
  for (const auto& [key, value] : file.attributes()) {
    if (key != "workload") continue;
    for (const Workload* workload : workloads()) {
      if (workload->series != nullptr && value == AttributeValue(std::string(workload->name))) return *workload;
    }
    throw usage_error(
        fmt::format("{} is of another workload; name a file of snapshots that `run --output` began", path));
  }
  throw usage_error(
      fmt::format("{} has no attribute workload; name a file of snapshots that `run --output` began", path));
}

}  // namespace

SeriesOutcome resume_series(const Context& context, const SeriesOptions& options, Progress& progress) {
  progress.show("reading " + options.path);
  SeriesOutcome outcome;
  const auto look_at = [&](const SeriesFile& file) {
    outcome.workload = &workload_of(file, options.path);
    outcome.problem = outcome.workload->series->problem_of(file, options.path);
    plan_memory(context, *outcome.workload, outcome.problem);
  };
  auto file = SeriesFile::open(context.comm, options.path, options.writer, look_at);
  for (const std::string& text : file->messages()) {
    if (context.comm.is_root()) message(text);
  }
  if (file->committed() < file->snapshots()) {
    return outcome.workload->series->resume(context, outcome.problem, options, std::move(file), progress);
  }
  outcome.whole_before = true;
  outcome.mended = !file->finished() || !file->messages().empty();  // perhaps not sealed
  file->close();
  return outcome;
}

}  // namespace concdemo
