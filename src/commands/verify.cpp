#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "engine/verify_file.hpp"

namespace concdemo {
namespace {

// What is damaged, a line each; empty of a sound file.
std::string verify(const mpi::Comm& world, const std::string& path, const CommonOptions& options) {
  Progress progress(progress_mode(options), world.is_root());
  progress.show("verifying " + path);
  const VerifyReport report = verify_file(world, path);
  progress.clear();
  if (world.is_root() && report.sound && !options.quiet) {
    const auto& series = report.series;
    const bool is_whole = !series || series->finished;
    const std::string part = is_whole ? "" : fmt::format(", unfinished: {} of {} snapshots committed", series->committed,
                                                         series->snapshots);
    print(fmt::format("{}: sound{}, {} in {} block{}, every checksum right\n", path, part, format_bytes(report.bytes),
                      report.blocks, report.blocks == 1 ? "" : "s"));
    if (!is_whole) message(fmt::format("to go on: concdemo resume {}", path));
  }
  if (report.sound) return "";
  std::string list = path + ": damaged:";
  for (const std::string& place : report.damage) list += "\n  " + place;
  return list;
}

void verify_all(const mpi::Comm& world, const std::vector<std::string>& paths, const CommonOptions& options) {
  std::string damage;
  for (const std::string& path : paths) {
    const auto found = verify(world, path, options);
    if (!found.empty()) damage += (damage.empty() ? "" : "\n") + found;
  }
  if (!damage.empty()) throw Error(ExitCode::verification, damage);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  struct Options {
    std::vector<std::string> files;
    CommonOptions common;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& verify_app = *app.add_subcommand("verify", "every stored checksum of output files")->group("Compute");
  verify_app.add_option("files", options->files, "written by concdemo")->required()->type_name("FILE");
  add_screen_options(verify_app, options->common);
  verify_app.callback(
      [options, &action] { action = [options](const mpi::Comm& world) { verify_all(world, options->files, options->common); }; });
}

}  // namespace concdemo
