#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "measure/record.hpp"
#include "output/partial_file.hpp"
#include "system/hdf5_parallel.hpp"
#include "workloads/heat/heat_file.hpp"
#include "workloads/heat/heat_series.hpp"
#include "workloads/heat/heat_workload.hpp"
#include "workloads/load.hpp"

namespace concdemo {
namespace {

void refuse_what_cannot_be(const SeriesOptions& options) {
  if (!hdf5::is_parallel()) {
    throw usage_error(
        fmt::format("--writer hdf5 needs a parallel HDF5, and this program was built with a serial one "
                    "({}); use async or sync, or build it again where a parallel HDF5 is installed",
                    hdf5::library_version()));
  }
  if (options.checkpoint_every.value_or(0) > 0) {
    throw usage_error("--writer hdf5 makes no checkpoints, its file cannot be resumed: leave out --checkpoint-every");
  }
}

// This rank's part of a snapshot, in one piece: rows that lie apart in memory would be written one by one.
void write_snapshot(hdf5::ParallelFile& file, std::uint64_t snapshot, const HeatSolver& solver, Array& packed) {
  const MatrixView values = solver.values(solver.current());
  if (values.rows == 0 || values.columns == 0) return;
  for (std::size_t i = 0; i < values.rows; ++i) {
    std::copy_n(values.data + i * values.stride, values.columns, packed.span().data() + i * values.columns);
  }
  file.write(0, {snapshot, solver.tile().rows.begin, solver.tile().columns.begin}, {1, values.rows, values.columns},
             packed.span());
}

}  // namespace

SeriesOutcome run_series_by_hdf5(const Context& context, const Workload& workload, const Problem& problem,
                                 const SeriesOptions& options, Progress& progress) {
  refuse_what_cannot_be(options);
  const auto& comm = context.comm;
  progress.show("heat: reading or generating the start");
  HeatSolver solver(context, problem.size[0], problem.size[1], problem.alpha, 4);
  SeriesOutcome outcome;
  auto& measured = outcome.measured;
  load_start(context, start_from(problem.operands.front(), context.threads, &measured.counts), solver);
  measured.counts = total_over_ranks(comm, measured.counts);
  refuse_missing(measured.counts);
  progress.show("heat: making " + options.path);
  const auto spec = series_spec(workload, problem, options.path, options.force, true);
  const auto datasets = datasets_of(spec);
  Array packed(solver.tile().rows.size() * solver.tile().columns.size());

  const double made_s = now_s();
  std::optional<PartialFile> partial;
  mpi::together(comm, [&] {
    if (comm.is_root()) partial.emplace(options.path, options.force);
  });
  const auto path = comm.broadcast(partial ? partial->path() : std::string());
  auto attributes = spec.attributes;
  attributes.insert(attributes.begin(), {"Conventions", "CF-1.8"});
  hdf5::ParallelFile file(comm, path, datasets, attributes);

  double busy_s = 0;
  const mpi::Traffic before = comm.traffic();
  const double start_s = now_s();
  HeatState state;
  for (std::uint64_t snapshot = 0, step = 0; snapshot < spec.snapshots; ++snapshot) {
    const auto steps = step_of_snapshot(problem, snapshot) - step;
    if (snapshot == 0 || progress.is_due()) progress.show(fmt::format("heat: step {} of {}", step, problem.steps));
    if (steps > 1) solver.advance(steps - 1);
    if (steps > 0) solver.advance(1);
    step += steps;
    state = solver.state(steps > 0);
    const double write_s = now_s();
    mpi::together(comm, [&] {
      write_snapshot(file, snapshot, solver, packed);
      if (!comm.is_root()) return;
      const double values[] = {static_cast<double>(step), state.total, state.change};
      for (std::size_t i = 0; i < 3; ++i) file.write(1 + i, {snapshot}, {1}, std::span(&values[i], 1));
      if (snapshot > 0) return;
      file.write(4, {0}, {problem.size[0]}, spec.y.values);
      file.write(5, {0}, {problem.size[1]}, spec.x.values);
    });
    file.flush();
    busy_s += now_s() - write_s;
  }
  progress.show("heat: closing " + options.path);
  file.close();
  const double elapsed_s = now_s() - start_s;
  const mpi::Traffic after = comm.traffic();
  measured.traffic = {comm.max(after.messages - before.messages), comm.max(after.bytes - before.bytes), 0};

  progress.show("heat: verifying");
  measured.headline = heat_checksum(context, problem, solver);
  measured.result = heat_result(state, measured.headline);
  measured.cost = workload.cost(problem);
  measured.verification = check_heat(context, problem, solver, start_from(problem.operands.front(), context.threads));
  outcome.problem = problem;
  outcome.snapshots = spec.snapshots;
  if (!measured.verification.ok) return outcome;
  mpi::together(comm, [&] {
    if (!partial) return;
    outcome.stats.bytes = std::filesystem::file_size(path);
    partial->publish();
  });
  measured.samples.seconds = {comm.max(elapsed_s)};
  measured.peak_rss_bytes = peak_rss_bytes(comm);
  outcome.stats.file = options.path;
  outcome.stats.io_busy_s = outcome.stats.stall_s = comm.max(busy_s);
  outcome.stats.durable_s = comm.max(now_s() - made_s);
  return outcome;
}

}  // namespace concdemo
