#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "layout/team_limits.hpp"
#include "lessons/mistake_report.hpp"
#include "lessons/way.hpp"
#include "measure/record.hpp"
#include "system/mpi_failure.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

struct MistakesOptions {
  std::string name;
  bool list = false;
  bool json = false;
  CommonOptions common;
};

// Collective; the findings are on rank 0.
RunMistake run_one(const mpi::Comm& world, const Mistake& mistake) {
  RunMistake run{&mistake, {}};
  if (mistake.between_ranks) run.findings = mistake.between_ranks(world);
  else mpi::on_root(world, [&] { run.findings = mistake.in_process(); });
  return run;
}

std::string start_line(const Mistake& mistake, const std::string& name) {
  return fmt::format("needs {0} ranks: mpirun -n {0} concdemo mistakes{1}", mistake.needs_ranks(),
                     name.empty() ? "" : " " + name);
}

std::string text_of(const RunMistake& run, const MistakesOptions& options) {
  if (options.common.quiet) return quiet_text(run);
  return options.name.empty() ? brief_text(run) : full_text(run);
}

std::string text_of_not_run(const Mistake& mistake, const MistakesOptions& options) {
  const std::string title = options.common.quiet ? fmt::format("{:<24}", mistake.name)
                                                 : fmt::format("{}: {}\n ", mistake.name, mistake.summary);
  return fmt::format("{} not run: {}\n", title, start_line(mistake, ""));
}

std::string summary(std::size_t run, std::size_t not_run) {
  return fmt::format("\n{} lessons: each broken one was caught, each mended one is right{}.\n", run,
                     not_run == 0 ? "" : fmt::format("; {} not run", not_run));
}

void run(const mpi::Comm& world, const MistakesOptions& options) {
  if (options.list && (options.json || !options.name.empty())) {
    throw usage_error("--list goes alone, without NAME or --json");
  }
  if (options.list) return mpi::on_root(world, [] { print(mistake_list_text()); });
  const bool one = !options.name.empty();
  const auto chosen = one ? std::vector<const Mistake*>{&find_mistake(options.name)} : mistakes();
  if (one && world.size() < chosen[0]->needs_ranks()) {
    throw usage_error(fmt::format("mistakes {}: {}", options.name, start_line(*chosen[0], options.name)));
  }
  constexpr int widest_team = 8;
  require_team(world, world.is_root() ? widest_team : 1);
  // The ranks of a node sleep while rank 0 shows a lesson in one process: its threads may use the CPUs of all.
  const auto cpus = cpus_of_node(world);
  if (world.is_root()) pin_this_thread(cpus);
  Progress progress(progress_mode(options.common), world.is_root());
  std::vector<RunMistake> runs;
  Json not_run = Json::array();
  for (const Mistake* mistake : chosen) {
    std::string text;
    if (world.size() < mistake->needs_ranks()) {
      not_run.push_back({{"name", mistake->name}, {"reason", start_line(*mistake, "")}});
      text = text_of_not_run(*mistake, options);
    } else {
      progress.show(std::string(mistake->name));
      const RunMistake& done = runs.emplace_back(run_one(world, *mistake));
      progress.clear();
      if (world.is_root()) text = text_of(done, options);
    }
    mpi::on_root(world, [&] {
      if (!options.json) print(text);
    });
  }
  const Failure failure = mpi::failure_of(world, 0, world.is_root() ? verdict(runs) : Failure{});
  mpi::on_root(world, [&] {
    if (options.json) {
      Json all{{"schema", 1},
               {"command", "mistakes"},
               {"ranks", world.size()},
               {"cpus", allowed_cpus().size()},
               {"right", !failure.failed()},
               {"lessons", Json::array()},
               {"not_run", not_run}};
      for (const RunMistake& done : runs) all["lessons"].push_back(to_json(done));
      print(to_line(all));
    } else if (!one && !options.common.quiet && !failure.failed()) {
      print(summary(runs.size(), not_run.size()));
    }
  });
  if (failure.failed()) throw PrintableError(failure.code, failure.text);
}

}  // namespace

void add_mistakes(CLI::App& app, Action& action) {
  const auto options = std::make_shared<MistakesOptions>();
  CLI::App& command =
      *app.add_subcommand("mistakes", "a race, a deadlock, ...: broken beside mended")->group("Lessons");
  CLI::Option& name =
      *command.add_option("name", options->name, "one of the list below (default: all, in brief)")->type_name("NAME");
  command.add_flag("--list", options->list, "names and summaries only");
  command.add_flag("--json", options->json, "print one JSON object alone");
  add_screen_options(command, options->common);
  command.footer("Mistakes:\n" + mistake_list_text("  "));
  command.callback([options, &action, &name] {
    if (name.count() > 0 && options->name.empty()) throw CLI::ValidationError("name", "is empty");
    action = [options](const mpi::Comm& world) { run(world, *options); };
  });
}

}  // namespace concdemo
