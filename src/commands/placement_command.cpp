#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "layout/layout.hpp"
#include "layout/placement_json.hpp"
#include "measure/placement_cost.hpp"
#include "measure/record.hpp"

namespace concdemo {
namespace {

struct PlacementOptions {
  std::string described;
  bool json = false;
  CommonOptions common;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw usage_error(fmt::format("--described: cannot read {}; check its name", path));
  return {std::istreambuf_iterator<char>(file), {}};
}

void show(const Placement& placement, const std::vector<PlacementFinding>& findings, const Advice& advice,
          const std::optional<PlacementCost>& cost, const PlacementOptions& options) {
  if (options.json) {
    Json json = to_json(placement, findings, advice);
    if (cost)
      json["cost"] = {{"ratio", cost->not_measured.empty() ? Json(cost->ratio) : Json(nullptr)}, {"of", cost->what}};
    return print(to_line(json));
  }
  const std::string verdict = findings_text(placement, findings, advice, cost);
  print(options.common.quiet ? verdict
                             : placement_table(placement) + "\n" + placement_picture(placement) + "\n" + verdict);
}

void run(const mpi::Comm& world, const PlacementOptions& options) {
  if (!options.described.empty()) {
    return mpi::on_root(world, [&] {
      const Placement placement = described_placement(contents(options.described));
      show(placement, judge(placement), advise(placement), {}, options);
    });
  }
  const Layout layout = choose_layout(world, options.common.threads);
  Progress progress(progress_mode(options.common), world.is_root());
  progress.show("looking at the threads of all ranks");
  const Placement placement = gather_placement(world, layout.threads);
  const auto findings = judge(placement);
  const Advice advice = advise(placement);
  std::optional<PlacementCost> cost;
  if (world.broadcast_value(!findings.empty())) {
    progress.show("measuring what the placement costs");
    cost = measure_placement_cost(world, placement, findings, advice, layout.threads);
  }
  progress.clear();
  mpi::on_root(world, [&] { show(placement, findings, advice, cost, options); });
}

}  // namespace

void add_placement(CLI::App& app, Action& action) {
  const auto options = std::make_shared<PlacementOptions>();
  CLI::App& command =
      *app.add_subcommand("placement", "which CPUs each thread has, and what mends it")->group("Machine");
  command.add_option("--described", options->described, "judge the job that this JSON file describes")->group("");
  command.add_flag("--json", options->json, "print one JSON object alone");
  add_compute_options(command, options->common);
  command.callback([options, &action] { action = [options](const mpi::Comm& world) { run(world, *options); }; });
}

}  // namespace concdemo
