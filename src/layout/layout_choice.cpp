#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/launcher.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"
#include "layout/layout.hpp"
#include "layout/team_limits.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

using nlohmann::json;

const char* from_environment(const char* name) { return std::getenv(name); }

// A number of threads that the user gave, and where.
struct Given {
  int threads = 0;
  std::string source;
};

Given given_threads(int option) {
  if (option != 0) return {option, fmt::format("--threads {}", option)};
  const char* variable = std::getenv("OMP_NUM_THREADS");  // "4", or "4,2" for nested regions
  const std::string text = variable ? variable : "";
  const auto first = parse_plain_int(std::string_view(text).substr(0, text.find(',')));
  if (!first || *first == 0) return {};
  return {*first, "OMP_NUM_THREADS=" + printable(text)};
}

void check_threads(const Given& given) {
  // More threads than this do not fit into the process limits of most systems, and help nobody.
  const int limit = std::max(256, 4 * static_cast<int>(sysconf(_SC_NPROCESSORS_CONF)));
  if (given.threads < 0 || given.threads > limit) {
    throw usage_error(fmt::format("{}: give a number of threads from 1 to {}", given.source, limit));
  }
}

std::string explain(const NodeView& view, const NodeLayout& layout, const Given& given, bool pinned) {
  const auto [least, most] = std::minmax_element(layout.ranks.begin(), layout.ranks.end(),
                                                 [](const auto& a, const auto& b) { return a.threads < b.threads; });
  const int ranks = static_cast<int>(layout.ranks.size());
  std::string text = least->threads == most->threads ? fmt::format("{}", least->threads)
                                                     : fmt::format("{} to {}", least->threads, most->threads);
  text += fmt::format(" thread{}{}: ", most->threads == 1 ? "" : "s", ranks == 1 ? "" : " a rank");
  if (given.threads > 0) return text + given.source;
  if (view.quota > 0 && view.quota < layout.cores) text += fmt::format("CPU quota of {:.3g} on ", view.quota);
  text += fmt::format("{} of this node / {}", counted(layout.cores, "core"), counted(ranks, "rank"));
  const char* plural = most->threads == 1 ? "" : "s";
  if (pinned && least->threads == most->threads) {
    text += fmt::format(", each rank pinned to its own {}core{}",
                        most->threads == 1 ? "" : fmt::format("{} ", most->threads), plural);
  } else if (pinned) {
    text += ", each rank pinned to cores of its own";
  }
  return text;
}

// What every rank tells rank 0, made into the places and warnings of the job.
void collect(const std::vector<std::string>& reports, Layout& layout) {
  int troubled_nodes = 0;
  for (std::size_t rank = 0; rank < reports.size(); ++rank) {
    const json report = json::parse(reports[rank]);
    const auto host = report["host"].get<std::string>();
    layout.places.push_back(
        {host, static_cast<int>(rank), report["threads"].get<int>(), report["cpus"].get<std::string>()});
    const json& warnings = report["warnings"];
    if (warnings.empty() || ++troubled_nodes > 1) continue;
    for (const json& warning : warnings) {
      layout.warnings.push_back((layout.nodes > 1 ? host + ": " : "") + warning.get<std::string>());
    }
  }
  if (troubled_nodes > 1) layout.warnings[0] += fmt::format(" ({} more like it)", troubled_nodes - 1);
}

}  // namespace

std::vector<int> own_cpus() {
  const std::vector<int> allowed = allowed_cpus();
  if (omp_get_proc_bind() == omp_proc_bind_false) return allowed;
  std::set<int> cpus(allowed.begin(), allowed.end());
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    cpus.insert(ids.begin(), ids.end());
  }
  return {cpus.begin(), cpus.end()};
}

bool user_places_threads() {
  return std::any_of(std::begin(binding_variables), std::end(binding_variables),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

bool pin_team(const std::vector<std::vector<int>>& thread_cpus, int threads) {
  std::vector<int> all;
  for (const auto& cpus : thread_cpus) all.insert(all.end(), cpus.begin(), cpus.end());
  std::atomic<bool> pinned = true;
#pragma omp parallel num_threads(threads)
  {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    if (!pin_this_thread(thread == 0 ? all : thread_cpus[thread])) pinned = false;
  }
  return pinned;
}

NodeView view_node(const mpi::Comm& world, const mpi::Comm& node, int given) {
  const json mine = {{"cpus", format_list(own_cpus())},
                     {"bound", omp_get_proc_bind() != omp_proc_bind_false},
                     {"usable", format_list(cpus_for_the_asking(world))},
                     {"quota", cpu_quota()},
                     {"given", given},
                     {"rank", world.rank()}};
  NodeView view;
  std::set<int> all;
  for (const std::string& text : node.all_gather(mine.dump())) {
    const json rank = json::parse(text);
    view.rank_cpus.push_back(parse_list(rank["cpus"].get<std::string>()).value_or(std::vector<int>{}));
    const auto usable = parse_list(rank["usable"].get<std::string>()).value_or(std::vector<int>{});
    if (usable.size() > view.usable_cpus.size()) view.usable_cpus = usable;
    view.quota = std::max(view.quota, rank["quota"].get<double>());
    view.bound_by_openmp = view.bound_by_openmp || rank["bound"].get<bool>();
    view.given_threads.push_back(rank["given"].get<int>());
    if (view.rank_cpus.size() == 1) view.first_rank = rank["rank"].get<int>();
    all.insert(view.rank_cpus.back().begin(), view.rank_cpus.back().end());
  }
  all.insert(view.usable_cpus.begin(), view.usable_cpus.end());
  view.core_of_cpu = core_of_cpu({all.begin(), all.end()});
  view.world_ranks = world.size();
  view.style = launch_style(from_environment, mpi::library_version());
  view.slurm_counts_cores = slurm_counts_cores(from_environment);
  return view;
}

std::vector<int> cpus_for_the_asking(const mpi::Comm& world) {
  const char* allocated = std::getenv("SLURM_CPUS_ON_NODE");
  const bool launched = allocated || std::getenv("OMPI_COMM_WORLD_SIZE") || std::getenv("PMI_SIZE");
  if (world.size() == 1 && !launched && omp_get_proc_bind() == omp_proc_bind_false) return {};
  std::vector<int> usable = usable_cpus();
  // Where SLURM does not confine jobs, CPUs of other jobs look usable.
  if (allocated && static_cast<int>(usable.size()) > parse_plain_int(allocated).value_or(0)) return {};
  return usable;
}

Layout choose_layout(const mpi::Comm& world, int threads_option) {
  const Given given = given_threads(threads_option);
  mpi::together(world, [&] { check_threads(given); });
  const mpi::Comm node = world.split_by_node();
  const NodeView view = view_node(world, node, given.threads);
  const NodeLayout plan = lay_out(view);
  const auto self = static_cast<std::size_t>(node.rank());

  Layout layout;
  layout.nodes = static_cast<int>(world.sum(std::uint64_t{node.is_root()}));
  layout.ranks = world.size();
  layout.threads = std::min(plan.ranks[self].threads, omp_get_thread_limit());
  layout.cpus = view.rank_cpus[self];
  require_team(world, layout.threads);
  omp_set_num_threads(layout.threads);
  json warnings = json::array();
  if (node.is_root()) warnings = plan.warnings;

  const RankLayout& own = plan.ranks[self];
  bool pinned = !own.thread_cpus.empty() && !user_places_threads();
  if (pinned) {
    std::vector<int> all;
    for (const auto& cpus : own.thread_cpus) all.insert(all.end(), cpus.begin(), cpus.end());
    std::sort(all.begin(), all.end());
    pinned = pin_team(own.thread_cpus, layout.threads);
    if (pinned) layout.cpus = all;
    if (!pinned)
      warnings.push_back(fmt::format("the system refused to pin rank {} to CPUs {}", world.rank(), format_list(all)));
  }
  if (world.is_root()) layout.explanation = explain(view, plan, given, pinned);
  if (layout.threads < own.threads)
    layout.explanation += fmt::format(", cut to {} by OMP_THREAD_LIMIT", layout.threads);

  const json report = {
      {"host", host_name()}, {"threads", layout.threads}, {"cpus", format_list(layout.cpus)}, {"warnings", warnings}};
  const auto reports = world.gather(report.dump());
  if (world.is_root()) collect(reports, layout);
  return layout;
}

}  // namespace concdemo
