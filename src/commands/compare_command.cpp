#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "commands/command.hpp"
#include "commands/options.hpp"
#include "layout/layout.hpp"
#include "layout/team_limits.hpp"
#include "lessons/compare_report.hpp"
#include "lessons/compare_words.hpp"
#include "lessons/task_ground.hpp"
#include "measure/record.hpp"

namespace concdemo {
namespace {

struct CompareOptions {
  std::string kind = "all";
  int tasks = 0;  // 0: not given
  std::string numbers = "8M";
  std::string task_us;
  int workers = 0;
  int latency_ms = 20;
  int repeat = 0;  // 0: not given
  std::string url;
  bool json = false;
  std::string record;
  CommonOptions common;
  std::set<std::string> given;
};

bool given(const CompareOptions& options, const char* name) { return options.given.contains(name); }

constexpr std::array all_kinds{TaskKind::cpu, TaskKind::http, TaskKind::file, TaskKind::sleep};

// The kinds asked for; --task-us alone asks for none of them.
std::set<TaskKind> kinds_of(const CompareOptions& options) {
  std::set<TaskKind> kinds;
  if (given(options, "--task-us") && !given(options, "--kind")) return kinds;
  for (const TaskKind kind : all_kinds) {
    if (options.kind == "all" || options.kind == name_of(kind)) kinds.insert(kind);
  }
  return kinds;
}

void refuse_idle_options(const CompareOptions& options, const std::set<TaskKind>& kinds) {
  const auto needs = [&](const char* option, bool used, const char* by) {
    if (given(options, option) && !used) throw usage_error(fmt::format("{} is for {}; leave it out", option, by));
  };
  needs("--url", kinds.contains(TaskKind::http), "http tasks");
  needs("--numbers", kinds.contains(TaskKind::cpu), "cpu tasks");
  needs("--latency", kinds.contains(TaskKind::sleep) || (kinds.contains(TaskKind::http) && options.url.empty()),
        "sleep tasks and the loopback server");
}

// Why there can be no http tasks, or nothing.
const char* why_no_http(const CompareOptions& options) {
  if (!http::available())
    return "concdemo was built without libcurl; install it (libcurl4-openssl-dev) and build again";
  if (HttpServer::available() || !options.url.empty()) return "";
  return "concdemo was built without libmicrohttpd; install it (libmicrohttpd-dev) and build again, or name a server "
         "by --url";
}

std::vector<double> task_sizes(const CompareOptions& options) {
  if (!given(options, "--task-us")) return {};
  constexpr const char* help = "give 1 to 12 sizes in microseconds from 0.1 to 1000000, as in 1,10,100,1000";
  std::vector<double> sizes;
  try {
    sizes = parse_values(options.task_us);
  } catch (const Error&) { throw usage_error(fmt::format("--task-us {}: {}", options.task_us, help)); }
  for (const double us : sizes) {
    if (!(us >= 0.1 && us <= 1e6)) throw usage_error(fmt::format("--task-us {}: {}", us, help));
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  if (sizes.empty() || sizes.size() > 12) throw usage_error(fmt::format("--task-us: {}", help));
  return sizes;
}

TaskOptions task_options(const CompareOptions& options) {
  TaskOptions tasks;
  if (options.tasks > 0) tasks.count = static_cast<std::uint64_t>(options.tasks);
  tasks.numbers = parse_option("--numbers", options.numbers, parse_count);
  if (tasks.numbers == 0 || tasks.numbers > 100'000'000) {
    throw usage_error("--numbers " + options.numbers + ": from 1 to 100M");
  }
  tasks.latency_s = options.latency_ms * 1e-3;
  tasks.url = options.url;
  if (!options.url.empty()) http::parse_url(options.url);
  return tasks;
}

// Workers: as many as cores where tasks compute, more where they wait.
Resources resources_for(const mpi::Comm& world, const CompareOptions& options, const NodeCores& node, TaskKind kind) {
  const bool computes = kind == TaskKind::cpu || kind == TaskKind::spin;
  Resources resources{world, options.workers, options.common.threads, node.cpus};
  if (resources.threads == 0) resources.threads = computes ? node.cores : std::max(8, node.cores);
  if (resources.rank_threads == 0) resources.rank_threads = (resources.threads + world.size() - 1) / world.size();
  return resources;
}

LeftOut left_out(const mpi::Comm& world) {
  if (world.size() > 1) return {};
  constexpr const char* why = "several processes: start as mpirun -n 2 concdemo compare";
  return {{"ranks", why}, {"ranks x threads", why}};
}

// What was measured, beside what it was measured on.
struct Comparison {
  Layout layout;
  int cores = 1;
  std::vector<KindFigures> kinds;
  std::optional<Grain> grain;
  LeftOut kinds_left_out;
};

Json to_json(const Comparison& all, const LeftOut& ways_left_out) {
  const auto pairs = [](const LeftOut& left_out, const char* what) {
    Json list = Json::array();
    for (const auto& [name, why] : left_out) list.push_back({{what, name}, {"why", why}});
    return list;
  };
  Json kinds = Json::array();
  for (const KindFigures& kind : all.kinds) kinds.push_back(to_json(kind));
  Json json = {{"schema", 1}, {"workload", "compare"}, {"layout", layout_json(all.layout)}, {"cores", all.cores}};
  json["kinds"] = kinds;
  json["left_out"] = {{"kinds", pairs(all.kinds_left_out, "kind")}, {"ways", pairs(ways_left_out, "way")}};
  if (all.grain) json["grain"] = to_json(*all.grain);
  json["advice"] = advice(all.kinds, all.cores);
  json["environment"] = environment_json();
  return json;
}

std::string advice_text(const Comparison& all) {
  std::string text = "How do I choose?\n";
  for (const std::string& line : advice(all.kinds, all.cores)) text += "  " + line + "\n";
  return all.kinds.empty() ? "" : text;
}

void append_records(RecordFile& file, const Comparison& all, std::uint64_t peak_rss) {
  std::vector<KindFigures> lists = all.kinds;
  if (all.grain) lists.insert(lists.end(), all.grain->figures.begin(), all.grain->figures.end());
  for (const KindFigures& list : lists) {
    for (const WayFigure& way : list.ways) file.append(make_record(list, way, all.layout, peak_rss));
  }
}

void run(const mpi::Comm& world, const CompareOptions& options) {
  std::set<TaskKind> kinds = kinds_of(options);
  refuse_idle_options(options, kinds);
  const std::vector<double> sizes = task_sizes(options);
  const std::string no_http = kinds.contains(TaskKind::http) ? why_no_http(options) : "";
  if (!no_http.empty() && options.kind == "http") throw usage_error("--kind http: " + no_http);
  if (!no_http.empty()) kinds.erase(TaskKind::http);
  const TaskOptions of_tasks = task_options(options);
  const NodeCores node = cores_of_first_node(world);  // before the layout narrows masks
  const Layout layout = choose_layout(world, options.common.threads);
  require_team(world, world.is_root() ? node.cores : 1);  // its ways with threads have the cores of all ranks
  const bool quiet = options.common.quiet;
  std::optional<RecordFile> record_file;
  mpi::on_root(world, [&] {
    if (given(options, "--record")) record_file.emplace(options.record);
  });
  const LeftOut ways_left_out = left_out(world);
  if (world.is_root() && !quiet && !options.json) message("layout: " + layout.explanation);
  Progress progress(progress_mode(options.common), world.is_root());
  const auto show = [&](const std::string& way) { progress.show(way); };
  const auto tell = [&](const std::function<std::string()>& text) {
    progress.clear();
    mpi::on_root(world, [&] {
      if (!options.json) print(text());
    });
  };

  // Somebody else's server is asked no more than it takes.
  const int repeat = options.repeat > 0 ? options.repeat : options.url.empty() ? 3 : 1;
  Comparison all{layout, node.cores, {}, {}, {}};
  if (!no_http.empty()) {
    all.kinds_left_out.emplace_back("http", no_http);
    if (!quiet) tell([&] { return "http: left out: " + no_http + "\n\n"; });
  }
  progress.show("preparing the tasks");
  const TaskGround ground(world, kinds, of_tasks);
  for (const TaskKind kind : kinds) {
    Resources resources = resources_for(world, options, node, kind);
    if (kind == TaskKind::http) resources.other_cpu_s = [&] { return ground.server_cpu_s(); };
    const auto& figures = all.kinds.emplace_back(compare_ways(resources, ground.tasks(kind), repeat, show));
    tell([&] { return quiet ? result_lines(figures) : table(figures, ways_left_out); });
  }
  if (!sizes.empty()) {
    const auto count = static_cast<std::uint64_t>(options.tasks);
    all.grain = compare_grain(resources_for(world, options, node, TaskKind::spin), sizes, count, repeat, show);
    tell([&] { return quiet ? result_lines(*all.grain) : grain_table(*all.grain); });
  }
  const std::uint64_t peak_rss = peak_rss_bytes(world);
  if (!quiet) tell([&] { return advice_text(all); });
  mpi::on_root(world, [&] {
    if (options.json) print(to_line(to_json(all, ways_left_out)));
    if (record_file) append_records(*record_file, all, peak_rss);
  });
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App& compare = *app.add_subcommand("compare",
                                          "the same tasks serially, on threads, under one lock, on ranks, "
                                          "in an event loop");
  compare.group("Lessons");
  compare.footer(
      "Ways: serial; threads; threads under one global lock, as CPython's; OpenMP; ranks and ranks x\n"
      "threads (with mpirun -n); one thread with an event loop.");
  compare.add_option("--kind", options->kind, "cpu (computes), http, file, sleep (wait) or all (default)")
      ->check(CLI::IsMember({"cpu", "http", "file", "sleep", "all"}))
      ->option_text("KIND");
  add_number(compare, "--tasks", options->tasks, 1, 100'000, "N",
             "tasks in a list (default 24; --task-us: 40 ms of them)");
  compare.add_option("--numbers", options->numbers, "numbers that a cpu task squares and sums (default 8M)")
      ->type_name("N");
  compare.add_option("--task-us", options->task_us, "the grain: cpu tasks of these sizes in us, e.g. 1,10,100,1000")
      ->type_name("LIST");
  add_number(compare, "--workers", options->workers, 1, 4096, "W",
             "threads of the ways in one process (default: the cores; 8 where tasks wait)");
  compare.add_option("--url", options->url, "ask this server instead of one of our own")->type_name("URL");
  add_number(compare, "--latency", options->latency_ms, 0, 60'000, "MS",
             "milliseconds of our server's answers and of a sleep (default 20)");
  add_number(compare, "--repeat", options->repeat, 1, 1000, "R",
             "runs, the best of which counts (default 3; 1 with --url)");
  compare.add_option("--record", options->record, "append a line of JSON for each kind and way to this file")
      ->type_name("FILE");
  compare.add_flag("--json", options->json, "print one JSON object alone");
  add_number(compare, "--threads", options->common.threads, 1, 4096, "T",
             "threads of each rank in ranks x threads (default: workers / ranks)");
  add_screen_options(compare, options->common);
  compare.callback([options, &action, &compare] {
    for (const CLI::Option* option : compare.get_options()) {
      if (option->count() > 0) options->given.insert(option->get_name());
    }
    action = [options](const mpi::Comm& world) { run(world, *options); };
  });
}

}  // namespace concdemo
