#include "lessons/task_ground.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/limits.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

constexpr const char* page = "{\"task\": \"done\"}\n";
constexpr std::uint64_t file_bytes = 64 * 1024;

}  // namespace

TaskGround::TaskGround(const mpi::Comm& world, const std::set<TaskKind>& kinds, const TaskOptions& options)
    : options_(options), url_(options.url) {
  const bool serves = kinds.contains(TaskKind::http) && options.url.empty();
  const mpi::Comm node = world.split_by_node();
  std::map<std::string, HttpServer::Page> pages{{"/task", {"application/json", page}}};
  mpi::together(world, [&] {
    if (kinds.contains(TaskKind::http)) {  // one end of each connection, or both
      const int connections = static_cast<int>(std::min<std::uint64_t>(options.count, most_connections));
      limits::require_files((serves ? 2 : 1) * connections + 16,
                            fmt::format("compare with {} requests at once", connections));
    }
    if (serves && node.is_root()) server_.emplace(std::move(pages), options.latency_s);
    if (kinds.contains(TaskKind::file)) folder_.emplace();
  });
  if (serves) url_ = node.broadcast(server_ ? server_->url("/task") : "");
}

TaskList TaskGround::tasks(TaskKind kind) const {
  TaskList tasks;
  tasks.kind = kind;
  tasks.count = options_.count;
  tasks.numbers = options_.numbers;
  tasks.wait_s = options_.latency_s;
  tasks.url = url_;
  if (kind == TaskKind::http) tasks.shown_url = http::parse_url(url_).text;
  if (options_.url.empty()) tasks.page = page;
  if (folder_) tasks.file_prefix = folder_->path() + "/task";
  tasks.bytes = file_bytes;
  return tasks;
}

double TaskGround::server_cpu_s() const { return server_ ? server_->cpu_s() : 0; }

NodeCores cores_of_first_node(const mpi::Comm& world) {
  NodeCores found;
  found.cpus = cpus_of_node(world);
  std::set<int> cores;
  for (const auto& [cpu, core] : core_of_cpu(found.cpus)) cores.insert(core);
  found.cores = std::max(1, static_cast<int>(cores.size()));
  const double quota = cpu_quota();
  if (quota > 0) found.cores = std::clamp(static_cast<int>(std::min(quota, 1e6)), 1, found.cores);
  found.cores = world.broadcast_value(found.cores);
  return found;
}

}  // namespace concdemo
