#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "engine/verify_file.hpp"

namespace concdemo {
namespace {

void verify(const mpi::Comm& world, const std::string& path, const CommonOptions& options) {
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
  if (report.sound) return;
  std::string list;
  for (const std::string& place : report.damage) list += "\n  " + place;
  throw Error(ExitCode::verification, fmt::format("{}: damaged:{}", path, list));
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  struct Options {
    std::string file;
    CommonOptions common;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& verify_app = *app.add_subcommand("verify", "every stored checksum of an output file")->group("Compute");
  verify_app.add_option("file", options->file, "a file written by concdemo")->required()->type_name("FILE");
  add_screen_options(verify_app, options->common);
  verify_app.callback(
      [options, &action] { action = [options](const mpi::Comm& world) { verify(world, options->file, options->common); }; });
}

}  // namespace concdemo
