#include <fmt/format.h>

#include <algorithm>
#include <any>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "base/text.hpp"
#include "measure/record.hpp"
#include "system/signals.hpp"
#include "workloads/descriptor.hpp"
#include "workloads/heat/heat_file.hpp"
#include "workloads/heat/heat_workload.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/series_run.hpp"

namespace concdemo {
namespace {

constexpr std::size_t lent_arrays = 2;  // snapshots and checkpoints under way

class SeriesRun {
 public:
  // After the file was made or opened, which wants its signals for itself.
  SeriesRun(const Problem& problem, std::uint64_t checkpoint_every, SeriesFile& file, HeatSolver& solver,
            Progress& progress)
      : problem_(problem),
        steps_(heat_options(problem).steps),
        checkpoint_every_(checkpoint_every),
        file_(file),
        solver_(solver),
        progress_(progress) {}

  // From the current array, which holds the values of `step`; `fresh`: they are snapshot 0, to be written first.
  // Returns the step that was reached.
  std::uint64_t run(std::uint64_t step, bool fresh) {
    step_ = step;
    saved_ = step;
    progress_.show(fmt::format("heat: step {} of {}", step_, steps_));
    if (fresh) snapshot(0, false);
    StepState state = file_.agree(signals_.get());
    while (step_ < steps_ && state.signal == 0) {
      const std::uint64_t next = step_ / snapshot_every(problem_) + 1;
      const std::uint64_t target = step_of_snapshot(problem_, next);
      // The step before a snapshot is taken by itself, so that its change is known.
      const std::uint64_t steps = target - step_ == 1 ? 1 : std::min(HeatSolver::steps_a_pass, target - step_ - 1);
      activity::at(fmt::format("computing steps {} to {} of {}", step_ + 1, step_ + steps, steps_));
      fault::pass("advance");
      solver_.advance(steps);
      step_ += steps;
      if (progress_.is_due()) {
        progress_.show(fmt::format("heat: step {} of {}, {} of {} snapshots durable", step_, steps_, state.committed,
                                   snapshot_count(problem_)));
      }
      if (step_ == target) snapshot(next, true);
      else if (checkpoint_every_ > 0 && step_ - saved_ >= checkpoint_every_) checkpoint();
      state = file_.agree(signals_.get());
    }
    signal_ = step_ < steps_ ? state.signal : 0;
    if (signal_ != 0) progress_.show(fmt::format("heat: stopped at step {}, saving it", step_));
    if (signal_ != 0) signals_.stay();  // a second one must not keep the exit code from saying that all is saved
    while (signal_ != 0 && saved_ != step_ && !checkpoint()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      file_.agree(signal_);
    }
    return step_;
  }

  int signal() const { return signal_; }
  const HeatState& last() const { return last_; }

 private:
  // An array for what is submitted next: its values must stay until they are written; steps go on in the others.
  void make_room() {
    file_.wait_until_left(lent_arrays - 1);
    solver_.give_back_all_but(file_.submissions_left());
  }
  void lend() {
    solver_.lend(solver_.current());
    saved_ = step_;
  }

  void snapshot(std::uint64_t number, bool observed) {
    activity::at(fmt::format("the sums of snapshot {}", number));
    fault::pass("state");
    last_ = solver_.state(observed);
    make_room();
    file_.submit(number, solver_.tile().rows.begin, solver_.tile().columns.begin, solver_.values(solver_.current()));
    lend();
    const double scalars[] = {last_.total, last_.change};
    file_.finish(number, static_cast<double>(step_), scalars);
  }

  // Nothing while another one is on its way.
  bool checkpoint() {
    make_room();
    const Tile& tile = solver_.tile();
    const bool begun = file_.checkpoint(step_, checkpoint_every_, tile.rows.begin, tile.columns.begin,
                                        solver_.values(solver_.current()));
    if (begun) lend();
    return begun;
  }

  const Problem& problem_;
  const std::uint64_t steps_;
  const std::uint64_t checkpoint_every_;  // steps; 0: none but when a signal stops the run
  SeriesFile& file_;
  HeatSolver& solver_;
  Progress& progress_;
  NotedSignal signals_;
  std::uint64_t step_ = 0;
  std::uint64_t saved_ = 0;  // step of the last snapshot or checkpoint
  int signal_ = 0;
  HeatState last_;
};

void stop(const std::string& path, int signal, std::uint64_t step, const Problem& problem) {
  throw Error(ExitCode::stopped,
              fmt::format("stopped by signal {} ({}) at step {} of {}, which is saved; go on with: concdemo resume {}",
                          signal, strsignal(signal), step, heat_options(problem).steps, shell_word(path)));
}

// Declared before the file: its arrays have to outlive the file's I/O thread.
HeatSolver solver_for(const Context& context, const Problem& problem) {
  return {context, problem.size[0], problem.size[1], heat_options(problem).alpha, 2 + lent_arrays};
}

// From the solver's current array, the values of `step`.
SeriesOutcome go(const Context& context, const Problem& problem, const SeriesOptions& options,
                 std::uint64_t checkpoint_every, SeriesFile& file, HeatSolver& solver, std::uint64_t step, bool fresh,
                 Stopwatch watch, Progress& progress) {
  SeriesRun run(problem, checkpoint_every, file, solver, progress);
  SeriesOutcome outcome;
  outcome.workload = &heat_workload;
  outcome.problem = problem;
  outcome.snapshots = file.snapshots();
  outcome.resumed_from = step;
  Measurement& measured = outcome.measured;
  measured.phases.read_s = watch.lap_s();
  const mpi::Traffic before = context.comm.traffic();
  const std::uint64_t reached = run.run(step, fresh);
  if (run.signal() != 0) {
    file.close();
    stop(options.path, run.signal(), reached, problem);
  }
  progress.show("heat: writing " + options.path);
  measured.phases.compute_s = watch.lap_s();
  file.wait_until_written();
  measured.phases.write_s = watch.lap_s();
  const mpi::Traffic after = context.comm.traffic();
  measured.traffic = {context.comm.max(after.messages - before.messages), context.comm.max(after.bytes - before.bytes),
                      0};
  progress.show("heat: verifying");
  activity::at("verifying");
  fault::pass("verify");
  measured.headline = heat_checksum(context, problem, solver);
  measured.result = heat_result(run.last(), measured.headline);
  Problem done = problem;
  std::any_cast<HeatOptions&>(done.own).steps = reached - step;
  measured.cost = heat_workload.cost(done);
  measured.verification = check_heat(context, problem, solver, [&](Range rows, Range columns, const MatrixSpan& out) {
    if (out.rows > 0 && out.columns > 0) file.read(0, rows.begin, columns.begin, out);
  });
  if (!measured.verification.ok) return outcome;  // the last snapshots stay uncommitted
  progress.show("heat: making the last snapshots of " + options.path + " durable");
  measured.phases.verify_s = watch.lap_s();
  outcome.stats = file.close();
  measured.phases.write_s += watch.lap_s();
  measured.samples.seconds = {context.comm.max(measured.phases.compute_s + measured.phases.write_s)};
  measured.peak_rss_bytes = peak_rss_bytes(context.comm);
  return outcome;
}

SeriesOutcome run_series(const Context& context, const Problem& problem, const SeriesOptions& options,
                         Progress& progress) {
  Stopwatch watch;
  fault::arm(context.comm.rank());
  // The start first: what cannot be used must not cost an older file.
  progress.show("heat: reading or generating the start");
  HeatSolver solver = solver_for(context, problem);
  ConvertCounts counts;
  load_start(context, start_from(problem.operands.front(), context.threads, &counts), solver);
  counts = total_over_ranks(context.comm, counts);
  require_whole(counts, "heat needs a whole grid");
  progress.show("heat: making " + options.path);
  const auto spec = series_spec(problem, options.path, options.force, context.comm.is_root());
  const auto file = SeriesFile::create(context.comm, spec, options.writer);
  const auto checkpoint_every = heat_options(problem).checkpoint_every;
  SeriesOutcome outcome = go(context, problem, options, checkpoint_every, *file, solver, 0, true, watch, progress);
  outcome.measured.counts = counts;
  return outcome;
}

SeriesOutcome resume(const Context& context, const Problem& problem, const SeriesOptions& options,
                     std::unique_ptr<SeriesFile> given, Progress& progress) {
  Stopwatch watch;
  HeatSolver solver = solver_for(context, problem);
  const auto file = std::move(given);
  std::uint64_t step = 0;
  const auto& saved = file->saved();
  mpi::together(context.comm, [&] {
    const Tile& tile = solver.tile();
    step = step_of_snapshot(problem, file->committed() - 1);
    // One beyond the next snapshot (the last ones were damaged) would leave that out.
    if (saved && saved->step > step && saved->step < step_of_snapshot(problem, file->committed())) {
      step = saved->step;
      file->read_checkpoint(tile.rows.begin, tile.columns.begin, solver.values());
    } else {
      file->read(file->committed() - 1, tile.rows.begin, tile.columns.begin, solver.values());
    }
  });
  const auto checkpoint_every = options.checkpoint_every.value_or(saved ? saved->every : 0);
  return go(context, problem, options, checkpoint_every, *file, solver, step, false, watch, progress);
}

}  // namespace

const SeriesRunner heat_series{run_series, resume, problem_of};

}  // namespace concdemo
