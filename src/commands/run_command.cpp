#include <fmt/format.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "commands/result.hpp"
#include "commands/suggest.hpp"
#include "layout/layout.hpp"
#include "screen/watchdog.hpp"
#include "workloads/execute.hpp"
#include "workloads/problem.hpp"
#include "workloads/run_report.hpp"
#include "workloads/series_run.hpp"

namespace concdemo {
namespace {

struct RunOptions {
  std::string workload;
  std::string size;
  std::string fill = "uniform";
  std::string seed = "1";
  std::vector<std::string> values;
  std::vector<std::string> inputs;
  std::string output;
  bool force = false;
  std::string method = "exact";
  std::string schedule = "static";
  std::map<std::string, std::string> own;  // text of every workload's own options
  double hang_timeout_s = 0;
  std::string writer = "async";
  int repeat = 1;
  int warmup = 0;
  std::string buffers = "256MiB";
  ResultOptions result;
  CommonOptions common;
  std::set<std::string> given;  // options that were on the command line
};

bool given(const RunOptions& options, const std::string& name) { return options.given.contains(name); }

Request to_request(const Workload& workload, const RunOptions& options) {
  Request request;
  if (options.size.starts_with("0x") && options.size.find('x', 2) == std::string::npos) {
    throw usage_error(fmt::format("--size {}: write counts in decimal digits (0x... reads as no rows)", options.size));
  }
  if (given(options, "--size")) request.size = parse_option("--size", options.size, parse_size);
  const bool generated = options.values.empty() && options.inputs.empty();
  for (const char* name : {"--seed", "--fill"}) {
    if (!generated && given(options, name))
      throw usage_error(fmt::format("{} is for generated data; leave it out", name));
  }
  if (!given(options, "--output")) {
    std::vector<std::string> with_output{"--force", "--writer"};
    for (const OwnOption& option : workload.options) {
      if (option.needs_output) with_output.push_back(option.name);
    }
    for (const std::string& name : with_output) {
      if (given(options, name)) throw usage_error(fmt::format("{} goes with --output FILE", name));
    }
  }
  request.fill = options.fill == "index" ? Fill::index : Fill::uniform;
  request.seed = parse_option("--seed", options.seed, parse_count);
  for (const std::string& list : options.values) request.values.push_back(parse_option("--values", list, parse_values));
  request.inputs = options.inputs;
  request.method = options.method == "plain" ? Method::plain : Method::exact;
  request.schedule = options.schedule == "dynamic" ? Schedule::dynamic : Schedule::fixed;
  for (const auto& own : options.own) {
    if (given(options, own.first)) request.own.push_back(own);
  }
  request.buffer_bytes = parse_option("--buffers", options.buffers, parse_bytes);
  return request;
}

RunFiles files_of(const RunOptions& options, const Problem& problem) {
  RunFiles files;
  for (const Operand& operand : problem.operands) {
    if (operand.source != Operand::Source::file) continue;
    files.inputs.push_back(operand.dataset.file);
    for (const auto& source : operand.dataset.files) files.inputs.push_back(source.path);
  }
  files.output = options.output;
  return files;
}

constexpr const char* data_help =
    "\nFiles are read as CF and netCDF mean them (scale_factor, add_offset, _Unsigned, _FillValue, missing_value, "
    "valid_min,\n"
    "valid_max, valid_range, own fill value): reductions leave missing values out, square makes them NaN, others "
    "refuse them.\n";

std::unique_ptr<OutputFile> open_output(const mpi::Comm& world, const RunOptions& options, const Layout& layout,
                                        const Workload& workload, const Problem& problem) {
  if (!given(options, "--output")) return nullptr;
  if (problem.method == Method::plain) {
    throw usage_error("--output: a plain result has other bits on another layout; files are for --method exact");
  }
  FileSpec spec;
  spec.path = options.output;
  spec.force = options.force;
  spec.datasets = workload.outputs(problem);
  if (spec.datasets.empty()) {
    throw usage_error(fmt::format("--output: {} makes no array to write; its result goes to the screen and to --record",
                                  workload.name));
  }
  spec.attributes = file_attributes(workload, problem);
  WriterOptions writer;
  writer.async = options.writer == "async";
  writer.cpus = layout.cpus;
  return OutputFile::create(world, spec, writer);
}

std::unique_ptr<Watchdog> watch(const mpi::Comm& world, const Workload& workload, const RunOptions& options) {
  check_hang_timeout(options.hang_timeout_s);
  if (workload.series != nullptr) {
    const auto next = given(options, "--output") ? "go on with: concdemo resume " + options.output : "run it again";
    return std::make_unique<Watchdog>(world, options.hang_timeout_s, next);
  }
  if (!given(options, "--hang-timeout")) return nullptr;
  throw usage_error(fmt::format("{} takes no --hang-timeout; leave it out", workload.name));
}

void run(const mpi::Comm& world, const RunOptions& options) {
  const Workload& workload = find_workload(options.workload);
  const Request request = to_request(workload, options);
  select_simd(options.common.simd);
  const Layout layout = choose_layout(world, options.common.threads);
  if (world.is_root() && !options.common.quiet) {
    message("layout: " + layout.explanation);
    if (!layout.warnings.empty()) message("warning: " + layout.warnings.front());
  }
  const Context context{world, layout.threads};
  const auto watchdog = watch(world, workload, options);
  Progress progress(progress_mode(options.common), world.is_root());
  progress.show(fmt::format("{}: looking at the input", workload.name));
  Problem problem = resolve(world, workload, request);
  plan_memory(context, workload, problem);
  auto records = open_records(world, options.result, files_of(options, problem));
  const double open_s = now_s() - program_start_s;
  if (workload.series != nullptr && given(options, "--output")) {
    for (const char* name : {"--repeat", "--warmup"}) {
      if (given(options, name))
        throw usage_error(fmt::format("{} into a file runs once; leave {} out", workload.name, name));
    }
    SeriesOptions series{options.output, options.force, {}, {}};
    series.writer.async = options.writer == "async";
    series.writer.cpus = layout.cpus;
    SeriesOutcome outcome = workload.series->run(context, problem, series, progress);
    outcome.measured.phases.open_s = open_s;
    require_right(workload, outcome.measured);
    progress.clear();
    return show_result(world, workload, problem, layout, outcome.measured, &outcome.stats, options.result, records);
  }
  if (given(options, "--output")) progress.show(fmt::format("{}: making {}", workload.name, options.output));
  const auto output = open_output(world, options, layout, workload, problem);
  ExecuteOptions execute_options;
  execute_options.warmup = options.warmup;
  execute_options.repeat = options.repeat;
  execute_options.sink.file = output.get();
  execute_options.peak = !options.common.quiet || options.result.json || given(options, "--record");
  Measurement measured = execute(context, workload, problem, execute_options, progress);
  measured.phases.open_s = open_s;
  require_right(workload, measured);
  OutputStats stats;
  if (output) {
    progress.show(fmt::format("{}: writing {}", workload.name, options.output));
    Stopwatch watch;
    stats = output->commit();
    measured.phases.write_s = watch.lap_s();
  }
  progress.clear();
  show_result(world, workload, problem, layout, measured, output ? &stats : nullptr, options.result, records);
}

// The help of `run`, of all shared options and the list of workloads; and of `run NAME`, whose own options stand first
// and without what it does not take.
void arrange_help(CLI::App& run_app, const std::string& name) {
  std::string list;
  for (const Workload* workload : workloads()) list += fmt::format("  {:<9} {}\n", workload->name, workload->summary);
  run_app.footer("Workloads (concdemo run NAME --help shows their own options):\n" + list + data_help);
  if (name.empty()) return;
  const Workload& workload = find_workload(name);
  run_app.description(std::string(workload.summary));
  run_app.footer(workload.reads_files ? data_help : "");
  const std::string group = fmt::format("Options of {}", workload.name);
  for (const OwnOption& option : workload.options) {
    run_app.get_option(option.name)->description(option.help)->option_text(option.value)->group(group);
  }
  const auto hide = [&](bool is_taken, std::initializer_list<const char*> options) {
    for (const char* option : options) {
      if (!is_taken) run_app.get_option(option)->group("");
    }
  };
  const bool makes_arrays =
      workload.series != nullptr ||
      !workload.outputs(generated_problem(workload, workload.default_size, 1, Fill::uniform)).empty();
  hide(workload.reads_files, {"--input", "--buffers"});
  hide(makes_arrays, {"--output", "--force", "--writer"});
  hide(workload.has_plain, {"--method"});
  hide(workload.has_dynamic, {"--schedule"});
  hide(workload.series != nullptr, {"--hang-timeout"});
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& run_app = *app.add_subcommand("run", "one workload at a given size or on given files")->group("Compute");
  for (const Workload* workload : workloads()) {
    for (const OwnOption& option : workload->options) {
      if (!options->own.emplace(option.name, "").second) continue;  // several workloads have one of this name
      run_app.add_option(option.name, options->own[option.name])->type_name(option.value)->group("");
    }
  }
  // The groups of the help stand in the order of their first options: those of a workload before all others.
  run_app.set_help_flag("-h,--help", "Print this help message and exit");
  run_app.add_option("workload", options->workload, "one of those that concdemo run --help lists")->type_name("NAME");
  run_app.add_option("--size", options->size, "N, NxM or MxKxN; suffixes k M G T P, powers of 1000")->type_name("SIZE");
  run_app.add_option("--seed", options->seed, "of generated data (default 1)")->type_name("S");
  run_app.add_option("--fill", options->fill, "generated data: in [0,1), or 0,1,2,...")
      ->check(CLI::IsMember({"uniform", "index"}))
      ->option_text("uniform|index");
  run_app.add_option("--values", options->values, "data as a list: 1,2,3 (again for a second operand)")
      ->allow_extra_args(false)
      ->option_text("LIST");
  run_app
      .add_option("--input", options->inputs, "FILE or FILE:/dataset, HDF5 or netCDF-4 (again for a second operand)")
      ->allow_extra_args(false)
      ->option_text("FILE");
  run_app.add_option("--output", options->output, "write the result array to this HDF5 file")->type_name("FILE");
  run_app.add_flag("--force", options->force,
                   "replace an existing output file, or the one that a link leads to; its permissions stay");
  run_app
      .add_option("--method", options->method, "exact (default; same bits on any layout) or plain (the textbook loop)")
      ->check(CLI::IsMember({"exact", "plain"}))
      ->option_text("exact|plain");
  run_app
      .add_option("--schedule", options->schedule,
                  "of exact reductions: a part each (default), or blocks as workers become free")
      ->check(CLI::IsMember({"static", "dynamic"}))
      ->option_text("static|dynamic");
  add_hang_timeout(run_app, options->hang_timeout_s);
  run_app.add_option("--writer", options->writer, "async (I/O threads, default) or sync (the main thread waits)")
      ->check(CLI::IsMember({"async", "sync"}))
      ->option_text("async|sync");
  add_number(run_app, "--repeat", options->repeat, 1, 10000, "R", "timed runs (default 1)");
  add_number(run_app, "--warmup", options->warmup, 0, 10000, "W", "runs before them that do not count (default 0)");
  run_app
      .add_option("--buffers", options->buffers, "memory of a rank for reading and streaming files (default 256MiB)")
      ->type_name("BYTES");
  add_result_options(run_app, options->result);
  add_compute_options(run_app, options->common);

  run_app.formatter_fn([&run_app](const CLI::App*, const std::string& name, CLI::AppFormatMode mode) {
    const auto given = run_app.get_option("workload")->results();
    arrange_help(run_app, given.empty() ? "" : given.front());
    return CLI::Formatter().make_help(&run_app, name, mode);
  });
  run_app.callback([options, &action, &app, &run_app] {
    for (const CLI::Option* option : run_app.get_options()) {
      if (option->count() > 0) options->given.insert(option->get_name());
    }
    for (const auto& [name, text] : options->own) {  // hidden ones have no name above
      if (run_app.count(name) > 0) options->given.insert(name);
    }
    options->result.quiet = options->common.quiet;
    if (options->workload.empty()) {
      action = [text = help_text(app)](const mpi::Comm& world) {
        if (world.is_root()) print(text);
        throw usage_error("run what? Name a workload of the list, as in: concdemo run sum");
      };
      return;
    }
    action = [options](const mpi::Comm& world) { run(world, *options); };
  });
}

}  // namespace concdemo
