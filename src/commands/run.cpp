#include <fmt/format.h>


#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "engine/layout.hpp"
#include "engine/record.hpp"
#include "workloads/execute.hpp"
#include "workloads/problem.hpp"
#include "workloads/report.hpp"

namespace concdemo {
namespace {

struct RunOptions {
  std::string workload;
  std::string size;
  std::string fill = "uniform";
  std::uint64_t seed = 1;
  std::vector<std::string> values;
  std::vector<std::string> inputs;
  std::string output;
  bool force = false;
  std::string method = "exact";
  std::string writer = "async";
  int repeat = 1;
  int warmup = 0;
  std::string buffers = "256MiB";
  std::string record;
  bool json = false;
  CommonOptions common;
};

Request to_request(const RunOptions& options) {
  Request request;
  if (!options.size.empty()) request.size = parse_option("--size", options.size, parse_size);
  request.fill = options.fill == "index" ? Fill::index : Fill::uniform;
  request.seed = options.seed;
  for (const std::string& list : options.values) request.values.push_back(parse_option("--values", list, parse_values));
  request.inputs = options.inputs;
  request.method = options.method == "plain" ? Method::plain : Method::exact;
  request.buffer_bytes = parse_option("--buffers", options.buffers, parse_bytes);
  return request;
}

std::unique_ptr<OutputFile> open_output(const mpi::Comm& world, const RunOptions& options, const Layout& layout,
                                        const Workload& workload, const Problem& problem) {
  if (options.output.empty()) return nullptr;
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

void run(const mpi::Comm& world, const RunOptions& options) {
  const Workload& workload = find_workload(options.workload);
  const Request request = to_request(options);
  select_simd(options.common.simd);
  const Layout layout = choose_layout(world, options.common.threads);
  if (world.is_root() && !options.common.quiet) {
    message("layout: " + layout.explanation);
    if (!layout.warnings.empty()) message("warning: " + layout.warnings.front());
  }
  const Context context{world, layout.threads};
  const Problem problem = resolve(world, workload, request);
  require_memory(context, workload, problem);
  Progress progress(progress_mode(options.common), world.is_root());
  const auto output = open_output(world, options, layout, workload, problem);
  ExecuteOptions execute_options;
  execute_options.warmup = options.warmup;
  execute_options.repeat = options.repeat;
  execute_options.sink.file = output.get();
  execute_options.peak = !options.common.quiet;
  const Measurement measured = execute(context, workload, problem, execute_options, progress);
  if (!measured.verification.ok) {
    throw Error(ExitCode::verification, fmt::format("{}: wrong result, held against {}: {}", workload.name,
                                                    measured.verification.against, measured.verification.failure));
  }
  OutputStats stats;
  if (output) {
    progress.show("writing");
    stats = output->commit();
    progress.clear();
  }
  const std::uint64_t rss_bytes = peak_rss_bytes(world);
  mpi::together(world, [&] {
    if (!world.is_root()) return;
    const OutputStats* written = output ? &stats : nullptr;
    const Json record = make_record(workload, problem, layout, measured, written, rss_bytes);
    if (!options.record.empty()) append_record(options.record, record);
    if (options.json) {
      print(record.dump() + "\n");
    } else if (options.common.quiet) {
      print(result_lines(measured, true));
    } else {
      print(report_text(workload, problem, layout, measured, written));
    }
  });
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto options = std::make_shared<RunOptions>();
  std::string list;
  for (const Workload* workload : workloads()) list += fmt::format("  {:<8} {}\n", workload->name, workload->summary);
  CLI::App& run_app = *app.add_subcommand("run", "one workload at a given size or on given files")->group("Compute");
  run_app.footer("Workloads:\n" + list);
  run_app.add_option("workload", options->workload, "one of the list below")->required();
  run_app.add_option("--size", options->size, "N, NxM or MxKxN; suffixes k, M, G (powers of 1000)");
  run_app.add_option("--seed", options->seed, "seed of generated data (default 1)");
  run_app.add_option("--fill", options->fill, "generated data: uniform in [0,1), or index 0,1,2,...")
      ->check(CLI::IsMember({"uniform", "index"}));
  run_app.add_option("--values", options->values, "data as a list: 1,2,3 (again for a second operand)")
      ->allow_extra_args(false);
  run_app.add_option("--input", options->inputs, "FILE or FILE:/dataset, HDF5 or netCDF-4 (again for a second operand)")
      ->allow_extra_args(false);
  run_app.add_option("--output", options->output, "write the result array to this HDF5 file");
  run_app.add_flag("--force", options->force, "replace an existing output file");
  run_app.add_option("--method", options->method, "exact (same bits on any layout) or plain (the textbook loop)")
      ->check(CLI::IsMember({"exact", "plain"}));
  run_app.add_option("--writer", options->writer, "async (I/O threads) or sync (the main thread waits)")
      ->check(CLI::IsMember({"async", "sync"}));
  run_app.add_option("--repeat", options->repeat, "timed runs (default 1)")->check(CLI::Range(1, 1000000));
  run_app.add_option("--warmup", options->warmup, "runs before them that do not count (default 0)")
      ->check(CLI::Range(0, 1000000));
  run_app.add_option("--buffers", options->buffers, "memory of a rank for reading files (default 256MiB)");
  run_app.add_option("--record", options->record, "append the measurement to this file, one JSON object a line");
  run_app.add_flag("--json", options->json, "print the record alone");
  add_common_options(run_app, options->common);
  run_app.callback([options, &action] { action = [options](const mpi::Comm& world) { run(world, *options); }; });
}

}  // namespace concdemo
