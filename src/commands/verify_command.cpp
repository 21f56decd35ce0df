#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/printable.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "format/verify_file.hpp"
#include "measure/record.hpp"

namespace concdemo {
namespace {

struct VerifyOptions {
  std::vector<std::string> files;
  bool finished = false;  // an unfinished file is not what was wanted
  bool json = false;
  CommonOptions common;
};

// What came of one file: a report, or why there is none.
struct Verified {
  VerifyReport report;
  Failure failure;
  bool is_finished() const { return !failure.failed() && (!report.series || report.series->finished); }
};

Verified verify(const mpi::Comm& world, const std::string& path, const CommonOptions& options) {
  Verified file;
  Progress progress(progress_mode(options), world.is_root());
  progress.show("verifying " + path);
  file.failure = attempt([&] { file.report = verify_file(world, path); });  // fails on all ranks alike
  return file;
}

std::string unfinished_text(const SeriesProgress& series) {
  return fmt::format("unfinished: {} of {} snapshots committed", series.committed, series.snapshots);
}

std::string advice(const std::string& path, const SeriesProgress& series) {
  return series.committed > 0 ? fmt::format("to go on: concdemo resume {}", path)
                              : fmt::format("{} has not even its start: begin again with run --force", path);
}

// The exit code that the file asks for, with its message: empty for a file that is what was wanted.
Failure judge(const std::string& path, const Verified& file, const VerifyOptions& options) {
  const VerifyReport& report = file.report;
  if (file.failure.failed()) return file.failure;
  if (!report.sound) {
    std::string list = printable(path) + ": damaged:";
    for (const std::string& place : report.damage) list += "\n  " + place;
    return {ExitCode::verification, list};
  }
  if (!options.finished || file.is_finished()) return {};
  return {ExitCode::stopped,
          printable(fmt::format("{}: {}; {}", path, unfinished_text(*report.series), advice(path, *report.series)))};
}

void show(const std::string& path, const Verified& file, bool says_advice) {
  const VerifyReport& report = file.report;
  if (file.failure.failed() || !report.sound) return;
  print(fmt::format("{}: sound{}, {} in {}, every checksum right\n", printable(path),
                    file.is_finished() ? "" : ", " + unfinished_text(*report.series), format_bytes(report.bytes),
                    counted(report.blocks, "block")));
  if (says_advice && !file.is_finished()) message(advice(path, *report.series));
}

Json to_json(const std::string& path, const Verified& file) {
  const VerifyReport& report = file.report;
  Json json{{"schema", 1}, {"file", path}, {"sound", report.sound}, {"finished", file.is_finished()}};
  json["snapshots"] = nullptr;
  if (report.series) json["snapshots"] = {{"committed", report.series->committed}, {"total", report.series->snapshots}};
  json["bytes"] = report.bytes;
  json["blocks"] = report.blocks;
  json["damage"] = report.damage;
  json["error"] = file.failure.failed() ? Json(file.failure.text) : Json();
  return json;
}

// From the gravest on: what is damaged, what could not be looked at, what is not finished.
constexpr std::array gravest{ExitCode::verification, ExitCode::system, ExitCode::usage, ExitCode::stopped};

// All files are looked at before it fails.
void verify_all(const mpi::Comm& world, const VerifyOptions& options) {
  std::vector<Failure> failures;
  for (const std::string& path : options.files) {
    const Verified file = verify(world, path, options.common);
    const Failure failure = judge(path, file, options);
    if (failure.failed()) failures.push_back(failure);
    if (!world.is_root()) continue;
    if (options.json) print(to_line(to_json(path, file)));
    else if (!options.common.quiet) show(path, file, !options.finished);
  }
  if (failures.empty()) return;
  std::string text;
  for (const Failure& failure : failures) text += (text.empty() ? "" : "\n") + failure.text;
  const auto code = *std::find_if(gravest.begin(), gravest.end(), [&](ExitCode each) {
    return std::any_of(failures.begin(), failures.end(),
                       [each](const Failure& failure) { return failure.code == each; });
  });
  throw PrintableError(code, text);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App& verify_app = *app.add_subcommand("verify", "every stored checksum of output files")->group("Compute");
  verify_app.add_option("files", options->files, "written by concdemo")->required()->type_name("FILE");
  verify_app.add_flag("--finished", options->finished, "exit with 75 when a sound file is unfinished");
  verify_app.add_flag("--json", options->json, "print one JSON object a file, a line each");
  add_screen_options(verify_app, options->common);
  verify_app.footer(
      "All files are looked at; the gravest finding gives the exit code: 4 damaged, 3 the system failed, "
      "2 no file of concdemo, 75 unfinished.");
  verify_app.callback(
      [options, &action] { action = [options](const mpi::Comm& world) { verify_all(world, *options); }; });
}

}  // namespace concdemo
