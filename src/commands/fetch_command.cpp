#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "fetch/demo.hpp"
#include "fetch/fetch.hpp"
#include "fetch/fetch_report.hpp"
#include "fetch/part_file.hpp"
#include "fetch/text_file.hpp"
#include "fetch/ways.hpp"
#include "measure/record.hpp"
#include "output/run_files.hpp"

namespace concdemo {
namespace {

struct FetchOptions {
  std::vector<std::string> urls;
  std::string list;
  std::string into = ".";
  std::string sha256;
  int parallel = 16;
  int retries = 3;
  double backoff_s = 0.5;
  int timeout_s = 30;
  std::string max_bytes;
  std::string with = "event-loop";
  std::string ca_file;
  bool force = false;
  bool demo = false;
  bool json = false;
  CommonOptions common;
};

std::vector<fetch::Wish> wishes_of(const mpi::Comm& world, const FetchOptions& options) {
  std::string list;
  mpi::on_root(world, [&] {
    if (!options.list.empty()) list = fetch::read_text("--list", options.list);
  });
  std::vector<fetch::Wish> wishes;
  for (const std::string& url : options.urls) wishes.push_back({"", url, "", ""});
  for (const fetch::Wish& wish : fetch::parse_list(world.broadcast(list), options.list)) wishes.push_back(wish);
  if (wishes.empty()) {
    throw usage_error(options.list.empty() ? "no URL to fetch: name one, or a --list FILE of them, or try --demo"
                                           : fmt::format("--list {}: no URL in it", options.list));
  }
  if (!options.sha256.empty()) {
    if (wishes.size() != 1) {
      throw usage_error("--sha256 is for one URL; write a --list with sha256=HEX behind each URL");
    }
    wishes[0].sha256 = parse_option("--sha256", options.sha256, fetch::parse_sha256);
  }
  return wishes;
}

void require_certificates(const std::string& path) {
  if (fetch::read_text("--ca-file", path).find("-----BEGIN") != std::string::npos) return;
  throw usage_error(fmt::format("--ca-file {}: no certificate in it; they are PEM, -----BEGIN CERTIFICATE-----", path));
}

fetch::Request to_request(const mpi::Comm& world, const FetchOptions& options) {
  fetch::Request request;
  request.items = fetch::make_plan(wishes_of(world, options));
  request.parallel = options.parallel;
  request.threads = options.with == "threads";
  fetch::Settings& settings = request.settings;
  settings.folder = options.into;
  settings.force = options.force;
  settings.retry.retries = options.retries;
  settings.retry.first_wait_s = options.backoff_s;
  settings.limits.timeout_s = options.timeout_s;
  settings.limits.ca_file = options.ca_file;
  if (!options.max_bytes.empty()) {
    settings.limits.max_bytes = parse_option("--max-bytes", options.max_bytes, parse_bytes);
  }
  mpi::together(world, [&] {
    if (!options.ca_file.empty()) require_certificates(options.ca_file);
    for (const auto& [option, read] : {std::pair{"--list", options.list}, std::pair{"--ca-file", options.ca_file}}) {
      for (const fetch::Item& item : request.items) {
        if (read.empty() || !is_same_file(read, options.into + "/" + item.name)) continue;
        throw usage_error(fmt::format("{} would be written as {}, which is the {}; name another folder by --into",
                                      item.shown, item.name, option));
      }
    }
    const int failure = fetch::make_folders(options.into);
    std::error_code unused;
    if (!std::filesystem::is_directory(options.into, unused)) {
      throw usage_error(fmt::format("--into {}: not a folder, and it cannot be made; name another", options.into));
    }
    if (failure != 0) throw system_error(fmt::format("--into {}: {}", options.into, files::error_text(failure)));
  });
  return request;
}

void show_demo(const mpi::Comm& world, const FetchOptions& options) {
  if (!options.urls.empty() || !options.list.empty()) {
    throw usage_error("--demo fetches from a server of its own; leave URLs and --list out");
  }
  Progress progress(progress_mode(options.common), world.is_root());
  const fetch::Demo demo = fetch::run_demo(world, progress);
  progress.clear();
  mpi::on_root(world, [&] {
    print(options.json           ? fetch::to_json(demo)
          : options.common.quiet ? fetch::result_lines(demo)
                                 : fetch::to_text(demo));
  });
}

void fetch_urls(const mpi::Comm& world, const FetchOptions& options) {
  const fetch::Request request = to_request(world, options);
  fetch::Display display(request.items, {!options.common.quiet, progress_mode(options.common), options.retries + 1},
                         world.is_root());
  const fetch::Summary summary = fetch::fetch_all(world, request, display);
  mpi::on_root(world, [&] {
    print(options.json           ? to_line(fetch::to_json(request, summary))
          : options.common.quiet ? fetch::paths(request, summary)
                                 : fetch::table(request, summary));
  });
  if (summary.failed > 0) {
    throw system_error(fmt::format("{} of {} could not be fetched{}", summary.failed, request.items.size(),
                                   options.common.quiet && !options.json ? "; without --quiet it says why" : ""));
  }
}

}  // namespace

void add_fetch(CLI::App& app, Action& action) {
  const auto options = std::make_shared<FetchOptions>();
  CLI::App& command =
      *app.add_subcommand("fetch", "parallel requests and downloads; --demo needs no network")->group("Lessons");
  command.footer(
      "Each file is written as NAME.concdemo-RANDOM.part, synced and renamed; NAME is the last part of its URL, made\n"
      "harmless. A file that is there already is refused without --force, unless it has the SHA-256 "
      "that was asked for.\n"
      "What a killed fetch left under such a name is removed. Time-outs, lost\n"
      "connections, 408, 429 and 5xx are tried again. Only http and https, certificates are always verified, at most "
      "5\n"
      "redirects and 256 KiB of headers. URLs are shared out over ranks, each of which writes its own files: on\n"
      "several nodes --into names a shared folder. A line of a list is URL [sha256=HEX] [name=FILE]; # begins "
      "a comment.\n"
      "Exit code 3 if any file could not be fetched.");
  command.add_option("url", options->urls, "http or https, each to a file of its own")->type_name("URL");
  command.add_option("--list", options->list, "a file with more URLs, one a line")->type_name("FILE");
  command.add_option("--into", options->into, "folder for the files, made if need be")
      ->type_name("FOLDER")
      ->default_str(".");
  add_number(command, "--parallel", options->parallel, 1, fetch::most_parallel, "N",
             "transfers at a time, over all ranks (default 16)");
  command.add_option("--with", options->with, "one thread a rank and an event loop, or a thread for each transfer")
      ->check(CLI::IsMember({"event-loop", "threads"}))
      ->option_text("event-loop|threads");
  command.add_option("--sha256", options->sha256, "what the file must have (of one URL)")->type_name("HEX");
  add_number(command, "--retries", options->retries, 0, 100, "R", "further attempts for what may pass (default 3)");
  command
      .add_option("--backoff", options->backoff_s,
                  "seconds before the first of them, doubled each time up to 30 (default 0.5)")
      ->check(CLI::Range(0.0, 30.0).description(""))
      ->type_name("S");
  add_number(command, "--timeout", options->timeout_s, 1, 86400, "S",
             "seconds to connect, and without progress (100 B/s; default 30)");
  command
      .add_option("--max-bytes", options->max_bytes, "refuse larger files; suffixes MB, MiB, ... (default: no limit)")
      ->type_name("SIZE");
  command.add_option("--ca-file", options->ca_file, "PEM file of a certificate authority to trust")->type_name("FILE");
  command.add_flag("--force", options->force, "replace existing files");
  command.add_flag("--demo", options->demo, "three requests and five files from a slow server on this machine");
  command.add_flag("--json", options->json, "print one JSON object");
  add_screen_options(command, options->common);
  command.callback([options, &action] {
    action = [options](const mpi::Comm& world) {
      options->demo ? show_demo(world, *options) : fetch_urls(world, *options);
    };
  });
}

}  // namespace concdemo
