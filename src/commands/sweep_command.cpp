#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "commands/result.hpp"
#include "measure/sweep_table.hpp"
#include "workloads/problem.hpp"
#include "workloads/sweep.hpp"

namespace concdemo {
namespace {

struct SweepCommand {
  std::vector<std::string> workloads;  // NAME or NAME:SIZE
  std::string size;
  bool weak = false;
  int rounds = 8;
  std::string budget = "5min";
  std::string record;
  CommonOptions common;
};

// The first workload that each peak limits.
std::vector<std::string> one_of_each_bound() {
  std::vector<std::string> names;
  for (const Bound bound : {Bound::read, Bound::copy, Bound::fma}) {
    for (const Workload* workload : workloads()) {
      if (workload->cost(generated_problem(*workload, workload->tour_size, 1, Fill::uniform)).bound != bound) continue;
      names.emplace_back(workload->name);
      break;
    }
  }
  return names;
}

// "a,b" again and again, split at the commas.
std::vector<std::string> words_of(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    for (const std::string_view word : split(list, ',')) {
      words.emplace_back(word);
      if (words.back().empty()) throw usage_error(fmt::format("--workloads {}: a name is empty", list));
      if (std::count(words.begin(), words.end(), words.back()) > 1) {
        throw usage_error(fmt::format("--workloads: {} stands there twice", words.back()));
      }
    }
  }
  return words;
}

SweepItem item_of(const std::string& word, const Shape& size) {
  const auto colon = word.find(':');
  SweepItem item{&find_workload(word.substr(0, colon)), size};
  if (colon != std::string::npos) item.size = parse_option("--workloads", word.substr(colon + 1), parse_size);
  if (item.size.empty()) item.size = item.workload->default_size;
  shapes_of(*item.workload, item.size);  // refuses a size of other dimensions
  for (const std::uint64_t extent : item.size) {
    if (extent == 0) throw usage_error(fmt::format("{}: a sweep of no elements measures nothing", word));
  }
  return item;
}

SweepOptions to_options(const SweepCommand& command) {
  SweepOptions options;
  const Shape size = command.size.empty() ? Shape{} : parse_option("--size", command.size, parse_size);
  const bool is_chosen = !command.workloads.empty();
  for (const std::string& word : is_chosen ? words_of(command.workloads) : one_of_each_bound()) {
    try {
      options.items.push_back(item_of(word, size));
    } catch (const Error& error) {
      if (is_chosen || size.empty()) throw;
      throw usage_error(fmt::format("--size {}: {}; say by --workloads what it is for, as in sum,square", command.size,
                                    error.what()));
    }
  }
  options.weak = command.weak;
  options.rounds = command.rounds;
  options.budget_s = parse_option("--budget", command.budget, parse_seconds);
  return options;
}

std::string report(const Sweep& sweep, const Allocation& allocation, const SweepPlan& plan, bool quiet) {
  std::string text;
  if (!quiet) {
    text +=
        "time: the median of the rounds; +-: half their range; of peak: of all cores; efficiency: rate a core, of that "
        "on one core\n";
  }
  for (const SweptWorkload& workload : sweep.workloads) {
    if (!quiet) text += sweep_table(workload, sweep.ceilings) + "\n";
    if (const auto map = heat_map(workload); !quiet && !map.empty()) text += map + "\n";
  }
  for (const SweptWorkload& workload : sweep.workloads) text += verdict_text(workload, sweep.ceilings, allocation);
  text += best_of_all(sweep.workloads, allocation);
  text += sweep.compared > 0 ? "Same: every layout gave the same bits.\n"
                             : "Not compared: no problem was measured on two layouts, so no bits could differ.\n";
  for (const std::string& line : sweep.left_out) text += "Left out: " + printable(line) + "\n";
  return text + missing_text(allocation, plan);
}

void run(const mpi::Comm& world, const SweepCommand& command) {
  SweepOptions options;
  mpi::together(world, [&] {
    select_simd(command.common.simd);
    options = to_options(command);
  });
  auto records = open_records(world, {command.record, false, false});
  Formation formation(world);
  const SweepPlan plan = plan_sweep(formation.allocation());
  if (world.is_root() && !command.common.quiet) {
    const Allocation& have = formation.allocation();
    message(fmt::format("sweep: {} with {} and {} each form {}", counted(have.nodes, "node"),
                        counted(have.cores, "core"), counted(have.slots, "rank"),
                        counted(plan.layouts.size(), "layout")));
  }
  Progress progress(progress_mode(command.common), world.is_root());
  const auto sink = [&](const Json& record) {
    if (records) records->append(record);
  };
  const Sweep sweep = run_sweep(formation, world, plan, options, sink, progress);
  progress.clear();
  mpi::on_root(world, [&] { print(report(sweep, formation.allocation(), plan, command.common.quiet)); });
}

}  // namespace

void add_sweep(CLI::App& app, Action& action) {
  const auto options = std::make_shared<SweepCommand>();
  CLI::App& command =
      *app.add_subcommand("sweep", "which ranks x threads layout is best, measured in one job")->group("Machine");
  command.footer("Start it with one rank a core (mpirun -n <cores>): it forms every layout itself.");
  command
      .add_option("--workloads", options->workloads,
                  "a,b or a:SIZE,b:SIZE of those that `run` lists (default: one for each peak)")
      ->option_text("LIST");
  command.add_option("--size", options->size, "of workloads without one of their own, as in `run`")->type_name("SIZE");
  command.add_flag("--weak", options->weak, "sizes are those of one core; the first extent grows with the cores");
  add_number(command, "--rounds", options->rounds, 1, 1000, "R",
             "visits of each layout (default 8; a verdict of 95 % takes 6)");
  command
      .add_option("--budget", options->budget, "such as 90s or 1h (default 5min): no visit begins that would end later")
      ->type_name("TIME");
  command
      .add_option("--record", options->record, "append each measurement to this file at once, one JSON object a line")
      ->type_name("FILE");
  add_simd_option(command, options->common);
  add_screen_options(command, options->common);
  command.callback([options, &action] {
    restart_with_all_cpus();
    action = [options](const mpi::Comm& world) { run(world, *options); };
  });
}

}  // namespace concdemo
