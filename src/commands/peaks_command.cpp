#include <fmt/format.h>

#include "base/error.hpp"

#include <nlohmann/json.hpp>
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "commands/result.hpp"
#include "layout/layout.hpp"
#include "measure/machine_peaks.hpp"

namespace concdemo {
namespace {

struct PeaksOptions {
  std::string folder;
  int ranks_a_node = 0;
  bool fail_on_outliers = false;
  ResultOptions result;
  CommonOptions common;
};

void run(const mpi::Comm& world, const PeaksOptions& options) {
  auto records = open_records(world, options.result);
  select_simd(options.common.simd);
  const Layout layout = choose_layout(world, options.common.threads);
  if (world.is_root() && !options.common.quiet && !options.result.json && !layout.warnings.empty()) {
    message("warning: " + layout.warnings.front());
  }
  Progress progress(progress_mode(options.common), world.is_root());
  const MachinePeaks peaks = measure_machine(world, {layout.threads, options.folder, options.ranks_a_node}, progress);
  progress.clear();
  const std::size_t slow = world.broadcast_value(outliers(peaks.nodes).size());
  mpi::on_root(world, [&] {
    const Json record = peaks_json(peaks);
    print(options.result.json ? to_line(record) : options.common.quiet ? peaks_lines(peaks) : peaks_text(peaks));
    if (records) records->append(record);
  });
  if (options.fail_on_outliers && slow > 0) {
    throw Error(ExitCode::slow, fmt::format("peaks: {} rate{} of a node more than 10 % below the median node's", slow,
                                            slow == 1 ? " is" : "s are"));
  }
}

}  // namespace

void add_peaks(CLI::App& app, Action& action) {
  const auto options = std::make_shared<PeaksOptions>();
  CLI::App& command =
      *app.add_subcommand("peaks", "what memory, cores, messages and disk of this allocation can do")->group("Machine");
  command.add_option("--folder", options->folder, "measure durable writes to this folder too")->type_name("FOLDER");
  command.add_flag("--fail-on-outliers", options->fail_on_outliers, "exit with 1 if a node is 10 % below the median");
  add_result_options(command, options->result);
  command.add_option("--ranks-a-node", options->ranks_a_node, "take so many neighbours for a node")->group("");
  add_compute_options(command, options->common);
  command.callback([options, &action] { action = [options](const mpi::Comm& world) { run(world, *options); }; });
}

}  // namespace concdemo
