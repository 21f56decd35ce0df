#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "commands/result.hpp"
#include "layout/layout.hpp"
#include "screen/watchdog.hpp"
#include "workloads/series_run.hpp"

namespace concdemo {
namespace {

struct ResumeOptions {
  SeriesOptions series;
  std::string checkpoint_every;
  double hang_timeout_s = 0;
  ResultOptions result;
  CommonOptions common;
};

void resume(const mpi::Comm& world, ResumeOptions options) {
  if (!options.checkpoint_every.empty()) {
    options.series.checkpoint_every = parse_option("--checkpoint-every", options.checkpoint_every, parse_count);
  }
  select_simd(options.common.simd);
  const Layout layout = choose_layout(world, options.common.threads);
  options.series.writer.cpus = layout.cpus;
  check_hang_timeout(options.hang_timeout_s);
  const Watchdog watchdog(world, options.hang_timeout_s, "go on with: concdemo resume " + options.series.path);
  Progress progress(progress_mode(options.common), world.is_root());
  auto records = open_records(world, options.result, {{}, options.series.path, {}});
  const double open_s = now_s() - program_start_s;
  SeriesOutcome outcome = resume_series({world, layout.threads}, options.series, progress);
  outcome.measured.phases.open_s = open_s;
  progress.clear();
  if (outcome.whole_before) {
    const char* text = outcome.mended ? "{} is whole now: every snapshot was there" : "{} is whole: nothing to resume";
    if (world.is_root()) message(fmt::format(fmt::runtime(text), options.series.path));
    return;
  }
  require_right(*outcome.workload, outcome.measured);
  if (world.is_root() && !options.common.quiet) message(fmt::format("went on from step {}", outcome.resumed_from));
  show_result(world, *outcome.workload, outcome.problem, layout, outcome.measured, &outcome.stats, options.result,
              records);
}

}  // namespace

void add_resume(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ResumeOptions>();
  CLI::App& resume_app =
      *app.add_subcommand("resume", "goes on with an interrupted run that writes snapshots")->group("Compute");
  resume_app.add_option("file", options->series.path, "begun by run --output")->required()->type_name("FILE");
  resume_app
      .add_option("--checkpoint-every", options->checkpoint_every,
                  "steps between checkpoints beside snapshots (default: as the run began)")
      ->type_name("STEPS");
  add_result_options(resume_app, options->result);
  add_hang_timeout(resume_app, options->hang_timeout_s);
  add_compute_options(resume_app, options->common);
  resume_app.callback([options, &action] {
    options->result.quiet = options->common.quiet;
    action = [options](const mpi::Comm& world) { resume(world, *options); };
  });
}

}  // namespace concdemo
