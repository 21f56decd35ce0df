#include "workloads/heat/heat_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "workloads/heat/heat_options.hpp"
#include "workloads/list.hpp"
#include "workloads/run_report.hpp"

namespace concdemo {
namespace {

std::vector<double> indices(std::uint64_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

}  // namespace

std::uint64_t snapshot_every(const Problem& problem) {
  const HeatOptions& options = heat_options(problem);
  return options.snapshot_every > 0 ? options.snapshot_every : std::max<std::uint64_t>(1, options.steps);
}

std::uint64_t snapshot_count(const Problem& problem) {
  const std::uint64_t steps = heat_options(problem).steps, every = snapshot_every(problem);
  return 1 + steps / every + (steps % every != 0);
}

std::uint64_t step_of_snapshot(const Problem& problem, std::uint64_t snapshot) {
  return std::min(heat_options(problem).steps, snapshot * snapshot_every(problem));
}

SeriesSpec series_spec(const Problem& problem, const std::string& path, bool force, bool with_axes) {
  SeriesSpec spec;
  spec.path = path;
  spec.force = force;
  spec.field = {"u", {{"long_name", "temperature"}, {"units", "1"}}};
  spec.time = {"time", {{"long_name", "time step"}, {"units", "1"}, {"axis", "T"}}};
  spec.y = {"y",
            {{"long_name", "row"}, {"units", "1"}, {"axis", "Y"}},
            with_axes ? indices(problem.size[0]) : std::vector<double>{}};
  spec.x = {"x",
            {{"long_name", "column"}, {"units", "1"}, {"axis", "X"}},
            with_axes ? indices(problem.size[1]) : std::vector<double>{}};
  spec.scalars = {{"total", {{"long_name", "sum of u, exact, rounded once"}, {"units", "1"}}},
                  {"residual", {{"long_name", "2-norm of the last step's change of u"}, {"units", "1"}}}};
  spec.snapshots = snapshot_count(problem);
  spec.attributes = file_attributes(heat_workload, problem);
  spec.attributes.emplace_back("snapshot_every", static_cast<std::int64_t>(snapshot_every(problem)));
  return spec;
}

Problem problem_of(const SeriesFile& file, const std::string& path) {
  Problem problem;
  HeatOptions options;
  problem.size = {file.rows(), file.columns()};
  const auto find = [&](const char* name) -> const AttributeValue& {
    for (const auto& [key, value] : file.attributes()) {
      if (key == name) return value;
    }
    throw usage_error(fmt::format("{} has no attribute {}; name a file that `run heat --output` began", path, name));
  };
  const auto refuse = [&](const char* name, const char* range) -> Error {
    return {ExitCode::verification, fmt::format("{} cannot be resumed: its attribute {} is no {}", path, name, range)};
  };
  const auto count = [&](const char* name) {
    const auto* value = std::get_if<std::int64_t>(&find(name));
    if (value == nullptr || *value < 0) throw refuse(name, "number of steps");
    return static_cast<std::uint64_t>(*value);
  };
  if (file.scalars() != 2) {  // total and residual
    throw usage_error(fmt::format("{} is of another workload; name a file that `run heat --output` began", path));
  }
  options.steps = count("steps");
  options.snapshot_every = count("snapshot_every");
  const auto* alpha = std::get_if<double>(&find("alpha"));
  if (alpha == nullptr || !(*alpha >= 0 && *alpha <= largest_stable_alpha))
    throw refuse("alpha", "stable diffusion number");
  options.alpha = *alpha;
  problem.own = options;
  Operand start;
  start.source = Operand::Source::file;
  start.shape = problem.size;
  start.dataset.file = path;
  start.dataset.path = "/u";
  problem.operands = {start};
  if (options.snapshot_every == 0 || snapshot_count(problem) != file.snapshots()) {
    throw Error(ExitCode::verification,
                fmt::format("{} cannot be resumed: {} steps with a snapshot every {} do not make its "
                            "{} snapshots",
                            path, options.steps, options.snapshot_every, file.snapshots()));
  }
  return problem;
}

}  // namespace concdemo
