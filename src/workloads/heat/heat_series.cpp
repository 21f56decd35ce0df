#include "workloads/heat/heat_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "base/text.hpp"
#include "measure/record.hpp"
#include "screen/terminal.hpp"
#include "system/signals.hpp"
#include "workloads/heat/heat_file.hpp"
#include "workloads/heat/heat_workload.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/problem.hpp"

namespace concdemo {
namespace {

constexpr std::size_t lent_arrays = 2;  // snapshots and checkpoints under way

class SeriesRun {
 public:
  // After the file was made or opened, which wants its signals for itself.
  SeriesRun(const Problem& problem, const SeriesOptions& options, SeriesFile& file, HeatSolver& solver,
            Progress& progress)
      : problem_(problem),
        checkpoint_every_(options.checkpoint_every.value_or(file.checkpoint_every())),
        file_(file),
        solver_(solver),
        progress_(progress) {}

  // From the current array, which holds the values of `step`; `fresh`: they are snapshot 0, to be written first.
  // Returns the step that was reached.
  std::uint64_t run(std::uint64_t step, bool fresh) {
    step_ = step;
    saved_ = step;
    progress_.show(fmt::format("heat: step {} of {}", step_, problem_.steps));
    if (fresh) snapshot(0, false);
    StepState state = file_.agree(signals_.get());
    while (step_ < problem_.steps && state.signal == 0) {
      const std::uint64_t next = step_ / problem_.snapshot_every + 1;
      const std::uint64_t target = step_of_snapshot(problem_, next);
      // The step before a snapshot is taken by itself, so that its change is known.
      const std::uint64_t steps = target - step_ == 1 ? 1 : std::min(HeatSolver::steps_a_pass, target - step_ - 1);
      activity::at(fmt::format("computing steps {} to {} of {}", step_ + 1, step_ + steps, problem_.steps));
      fault::pass("advance");
      solver_.advance(steps);
      step_ += steps;
      if (progress_.is_due()) {
        progress_.show(fmt::format("heat: step {} of {}, {} of {} snapshots durable", step_, problem_.steps,
                                   state.committed, snapshot_count(problem_)));
      }
      if (step_ == target) snapshot(next, true);
      else if (checkpoint_every_ > 0 && step_ - saved_ >= checkpoint_every_) checkpoint();
      state = file_.agree(signals_.get());
    }
    signal_ = step_ < problem_.steps ? state.signal : 0;
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
                          signal, strsignal(signal), step, problem.steps, shell_word(path)));
}

// Declared before the file: its arrays have to outlive the file's I/O thread.
void make_solver(std::optional<HeatSolver>& solver, const Context& context, const Problem& problem) {
  solver.emplace(context, problem.size[0], problem.size[1], problem.alpha, 2 + lent_arrays);
}

// From the solver's current array, the values of `step`.
SeriesOutcome go(const Context& context, const Problem& problem, const SeriesOptions& options, SeriesFile& file,
                 HeatSolver& solver, std::uint64_t step, bool fresh, Progress& progress) {
  SeriesRun run(problem, options, file, solver, progress);
  SeriesOutcome outcome;
  outcome.problem = problem;
  outcome.snapshots = file.snapshots();
  outcome.resumed_from = step;
  Measurement& measured = outcome.measured;
  const mpi::Traffic before = context.comm.traffic();
  double start_s = now_s();
  const std::uint64_t reached = run.run(step, fresh);
  if (run.signal() != 0) {
    file.close();
    stop(options.path, run.signal(), reached, problem);
  }
  progress.show("heat: writing " + options.path);
  file.wait_until_written();
  double elapsed_s = now_s() - start_s;
  const mpi::Traffic after = context.comm.traffic();
  measured.traffic = {context.comm.max(after.messages - before.messages), context.comm.max(after.bytes - before.bytes),
                      0};
  progress.show("heat: verifying");
  activity::at("verifying");
  fault::pass("verify");
  measured.headline = heat_checksum(context, problem, solver);
  measured.result = heat_result(run.last(), measured.headline);
  Problem done = problem;
  done.steps = reached - step;
  measured.cost = heat_workload.cost(done);
  measured.verification = check_heat(context, problem, solver, [&](Range rows, Range columns, const MatrixSpan& out) {
    if (out.rows > 0 && out.columns > 0) file.read(0, rows.begin, columns.begin, out);
  });
  if (!measured.verification.ok) return outcome;  // the last snapshots stay uncommitted
  progress.show("heat: making the last snapshots of " + options.path + " durable");
  start_s = now_s();
  outcome.stats = file.close();
  elapsed_s += now_s() - start_s;
  measured.samples.seconds = {context.comm.max(elapsed_s)};
  measured.peak_rss_bytes = peak_rss_bytes(context.comm);
  return outcome;
}

}  // namespace

SeriesOutcome run_series(const Context& context, const Workload& workload, const Problem& problem,
                         const SeriesOptions& options, Progress& progress) {
  fault::arm(context.comm.rank());
  // The start first: what cannot be used must not cost an older file.
  progress.show("heat: reading or generating the start");
  std::optional<HeatSolver> solver;
  make_solver(solver, context, problem);
  LoadCounts counts;
  load_start(context, start_from(problem.operands.front(), context.threads, &counts), *solver);
  counts = total_over_ranks(context.comm, counts);
  refuse_missing(counts);
  progress.show("heat: making " + options.path);
  const auto spec = series_spec(workload, problem, options.path, options.force, context.comm.is_root());
  const auto file = SeriesFile::create(context.comm, spec, options.writer);
  SeriesOutcome outcome = go(context, problem, options, *file, *solver, 0, true, progress);
  outcome.measured.counts = counts;
  return outcome;
}

SeriesOutcome resume_series(const Context& context, const SeriesOptions& options, Progress& progress) {
  progress.show("heat: reading " + options.path);
  std::optional<HeatSolver> solver;
  const auto file = SeriesFile::open(context.comm, options.path, options.writer, [&](const SeriesFile& found) {
    Problem problem = problem_of(found, options.path);
    plan_memory(context, heat_workload, problem);
  });
  for (const std::string& text : file->messages()) {
    if (context.comm.is_root()) message(text);
  }
  const Problem problem = problem_of(*file, options.path);
  if (file->committed() == file->snapshots()) {  // perhaps not sealed
    SeriesOutcome outcome;
    outcome.whole_before = true;
    outcome.mended = !file->finished() || !file->messages().empty();
    file->close();
    return outcome;
  }
  make_solver(solver, context, problem);
  std::uint64_t step = 0;
  mpi::together(context.comm, [&] {
    const Tile& tile = solver->tile();
    step = step_of_snapshot(problem, file->committed() - 1);
    // One beyond the next snapshot (the last ones were damaged) would leave that out.
    const auto checkpoint = file->checkpoint_step();
    if (checkpoint && *checkpoint > step && *checkpoint < step_of_snapshot(problem, file->committed())) {
      step = *checkpoint;
      file->read_checkpoint(tile.rows.begin, tile.columns.begin, solver->values());
    } else {
      file->read(file->committed() - 1, tile.rows.begin, tile.columns.begin, solver->values());
    }
  });
  return go(context, problem, options, *file, *solver, step, false, progress);
}

}  // namespace concdemo
