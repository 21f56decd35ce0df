#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "format/file_header.hpp"
#include "layout/layout.hpp"
#include "output/partial_file.hpp"
#include "system/file_names.hpp"
#include "workloads/execute.hpp"
#include "workloads/problem.hpp"
#include "workloads/run_report.hpp"

namespace concdemo {
namespace {

constexpr const char* file_name = "concdemo.h5";
constexpr const char* mark = "concdemo tour";  // the attribute `title` of a file that a tour may replace
constexpr const char* columns = "{:<9} {:>13} {:>9} {:>9} {:>8} {:>12}  {:<4} {:<28} {}\n";
constexpr std::uint64_t seed = 1;
constexpr double slower = 0.9;  // times as fast as one core: more may be chance

struct TourOptions {
  bool force = false;
  CommonOptions common;
};

// One workload on one core and on the whole layout.
struct Stop {
  const Workload* workload = nullptr;
  Problem problem;
  Measurement solo;  // on rank 0 only
  Measurement whole;
};

std::string places_text(const Layout& layout) {
  constexpr std::size_t most = 16;
  std::string text = fmt::format("Layout: {}. {}\n", layout_text(layout), layout.explanation);
  for (std::size_t rank = 0; rank < std::min(layout.places.size(), most); ++rank) {
    const RankPlace& place = layout.places[rank];
    text += fmt::format("  rank {:<3} on {}, {}, CPUs {}\n", rank, place.host,
                        counted(static_cast<std::uint64_t>(place.threads), "thread"), place.cpus);
  }
  if (layout.places.size() > most) text += fmt::format("  ... and {} more ranks\n", layout.places.size() - most);
  if (!layout.warnings.empty()) text += "  Warning: " + layout.warnings.front() + "\n";
  return text + "\n";
}

// An earlier tour's file is replaced; any other of that name only with --force.
bool may_replace(bool force) {
  std::error_code ignored;
  if (force || !std::filesystem::exists(std::filesystem::symlink_status(file_name, ignored))) return true;
  const auto header = files::is_own(file_name) ? read_header(file_name) : std::nullopt;
  const Attributes::value_type title{"title", mark};
  return header && std::count(header->attributes.begin(), header->attributes.end(), title) > 0;
}

// The tour's file, or nothing when it cannot be made; `why` then says so.
std::unique_ptr<OutputFile> open_output(const mpi::Comm& world, const TourOptions& options, const Layout& layout,
                                        const std::vector<Stop>& stops, Failure& why) {
  mpi::on_root(world, [&] {
    if (may_replace(options.force)) return static_cast<void>(require_output_place(file_name, true));
    throw usage_error(
        fmt::format("{} is there and is not an earlier tour's; move it away, or replace it with --force", file_name));
  });
  FileSpec spec;
  spec.path = file_name;
  spec.force = true;
  spec.attributes = {{"title", mark}};
  for (const Stop& stop : stops) {
    for (DatasetSpec& dataset : stop.workload->outputs(stop.problem)) spec.datasets.push_back(std::move(dataset));
  }
  WriterOptions writer;
  writer.cpus = layout.cpus;
  std::unique_ptr<OutputFile> file;
  why = attempt([&] { file = OutputFile::create(world, spec, writer); });
  return file;
}

void measure_stop(const mpi::Comm& world, const mpi::Comm& self, const Layout& layout, Stop& stop, Progress& progress) {
  ExecuteOptions options;
  options.warmup = 1;
  options.repeat = 9;  // the best of them is shown
  options.label = "one core, ";
  if (world.is_root()) stop.solo = execute({self, 1}, *stop.workload, stop.problem, options, progress);
  world.barrier();
  options.label = layout_text(layout) + ", ";
  stop.whole = execute({world, layout.threads}, *stop.workload, stop.problem, options, progress);
  stop.solo.job.reset();
}

// Every workload once more: its arrays are written while the next ones are computed; then the others again, for half a
// second in all, as a program computes longer than it writes.
OutputStats write_all(const mpi::Comm& world, const std::vector<Stop>& stops, OutputFile& file, Progress& progress) {
  constexpr double computing_s = 0.5;
  progress.show("computing all once more, while it is written");
  const double start = now_s();
  Sink sink{&file, 0};
  for (const Stop& stop : stops) {
    stop.whole.job->execute(sink);
    sink.first_dataset += stop.workload->outputs(stop.problem).size();
  }
  while (world.max(now_s() - start) < computing_s) {
    for (const Stop& stop : stops) {
      if (stop.workload->outputs(stop.problem).empty()) stop.whole.job->execute({});
    }
  }
  progress.show(fmt::format("writing {}", file_name));
  return file.commit();
}

double speed_up(const Stop& stop) { return stop.solo.samples.min() / stop.whole.samples.min(); }

std::string row(const Stop& stop) {
  const Measurement& whole = stop.whole;
  return fmt::format(columns, stop.workload->name, size_text(stop.problem.size),
                     format_seconds(stop.solo.samples.min()), format_seconds(whole.samples.min()),
                     fmt::format("{:.2f}x", speed_up(stop)), format_rate(whole.best_rate(), whole.rate_unit()),
                     whole.verification.ok ? "yes" : "NO", whole.headline, whole.verification.against);
}

std::string closing(const std::vector<Stop>& stops, const Layout& layout, const OutputStats* output,
                    const std::string& note, const std::string& program) {
  double least = 1e300;
  double most = 0;
  bool same = true;
  for (const Stop& stop : stops) {
    least = std::min(least, speed_up(stop));
    most = std::max(most, speed_up(stop));
    same = same && stop.solo.result == stop.whole.result;
  }
  std::string text =
      fmt::format("\nGained: {} is {:.2f} to {:.2f} times as fast as one core.\n", layout_text(layout), least, most);
  if (least < slower) {
    text += fmt::format(
        "  Slower than one core: are the cores busy with something else? `{} placement` says whether "
        "threads share them.\n",
        program);
  }
  if (output != nullptr) {
    const double waited_s = output->stall_s + output->drain_s;
    const double hidden = output->io_busy_s > 0 ? std::clamp(1 - waited_s / output->io_busy_s, 0.0, 1.0) : 1;
    text += fmt::format("Hidden: writing took the I/O threads {}, of which computing waited {}: {:.0f} % was hidden.\n",
                        format_seconds(output->io_busy_s), format_seconds(waited_s), 100 * hidden);
  } else {
    text += fmt::format("Output: nothing was written: {}\n", note);
  }
  text += same ? "Same: one thread and the whole layout gave the same bits in every workload.\n"
               : "NOT the same: one thread and the whole layout gave different bits: a race or broken hardware.\n";
  if (output != nullptr) { text += fmt::format("\nWrote {} ({}).\n", file_name, format_bytes(output->bytes)); }
  text += fmt::format("\nTry next:\n  {0} run sumsq --values 1,2,3,4,5\n  {0} run sum --size 100M --method plain\n",
                      program);
  text += fmt::format("  {} sweep\n", program);
  return text + (output != nullptr ? fmt::format("  {} verify {}\n", program, file_name)
                                   : fmt::format("  {} run --help\n", program));
}

void tour(const mpi::Comm& world, const TourOptions& options, const std::string& program) {
  select_simd(options.common.simd);
  const Layout layout = choose_layout(world, options.common.threads);
  Progress progress(progress_mode(options.common), world.is_root());
  const auto show = [&](const std::string& text) {
    progress.clear();
    mpi::on_root(world, [&] { print(text); });
  };
  const bool tells = !options.common.quiet;
  if (tells) show(places_text(layout));
  std::vector<Stop> stops;
  for (const Workload* workload : workloads()) {
    Stop stop;
    stop.workload = workload;
    stop.problem = generated_problem(*workload, workload->tour_size, seed, Fill::uniform);
    stops.push_back(std::move(stop));
  }
  Failure no_file;
  progress.show(fmt::format("making {}", file_name));
  const auto output = open_output(world, options, layout, stops, no_file);
  const mpi::Comm self = world.split(world.rank());
  if (tells) {
    show(fmt::format(columns, "workload", "size", "one core", "layout", "speed-up", "rate", "ok", "result",
                     "verified against"));
  }
  bool right = true;
  for (Stop& stop : stops) {
    measure_stop(world, self, layout, stop, progress);
    show(row(stop));
    const bool solo_right = !world.is_root() || (stop.solo.verification.ok && stop.solo.result == stop.whole.result);
    right = right && world.min(std::uint64_t{solo_right && stop.whole.verification.ok}) == 1;
  }
  OutputStats stats;
  if (output && right) stats = write_all(world, stops, *output, progress);
  const std::string note = right ? no_file.text : "a result is wrong";
  if (tells) show(closing(stops, layout, output && right ? &stats : nullptr, note, program));
  if (!right) throw Error(ExitCode::verification, "a workload failed its verification; see the table above");
  if (no_file.code == ExitCode::system)
    throw system_error(no_file.text);  // a place that is full, not one that is no place
}

}  // namespace

void add_tour(CLI::App& app, Action& action, const std::string& program) {
  const auto options = std::make_shared<TourOptions>();
  app.add_flag("--force", options->force, "replace a concdemo.h5 that no tour wrote");
  add_compute_options(app, options->common);
  action = [options, program = printable(program)](const mpi::Comm& world) { tour(world, *options, program); };
}

}  // namespace concdemo
