#include "layout/formed_layout.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <utility>

#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "layout/team_limits.hpp"
#include "screen/terminal.hpp"
#include "system/mpi_failure.hpp"
#include "system/topology.hpp"
#include "system/topology_node.hpp"

namespace concdemo {
namespace {

std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

int numa_nodes_of(const SweepNode& node) {
  std::set<int> cpus, found;
  for (const auto& core : node.cores) cpus.insert(core.begin(), core.end());
  for (const auto& cpu : this_hardware().cpus) {
    if (cpus.contains(cpu.number)) found.insert(cpu.numa);
  }
  return std::max(1, static_cast<int>(found.size()));
}

}  // namespace

void restart_with_all_cpus() {
  if (std::getenv(own_cpus_variable)) return;
  const auto own = own_cpus();
  if (!user_places_threads() && usable_cpus() == own) return;
  std::vector<std::string> words = command_line();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  setenv(own_cpus_variable, format_list(own).c_str(), 1);
  for (const char* name : binding_variables) unsetenv(name);
  pin_this_thread(usable_cpus());
  execv("/proc/self/exe", arguments.data());
  pin_this_thread(own);  // not executed: fork-joins of formed layouts are slow, nothing worse
}

Formation::Formation(const mpi::Comm& world) : world_(world), agreement_(world.split(0)), own_cpus_(own_cpus()) {
  if (const char* list = std::getenv(own_cpus_variable)) {
    own_cpus_ = parse_list(list).value_or(own_cpus_);
    pin_this_thread(own_cpus_);
  }
  const mpi::Comm node = world.split_by_node();
  const mpi::Comm leaders = world.split(node.is_root() ? 0 : 1);
  node_index_ = node.broadcast_value(leaders.rank());
  const NodeView view = view_node(world, node, 0);
  node_ = cores_for_sweep(view);
  slot_ = node_.slot_of_rank[static_cast<std::size_t>(node.rank())];

  const auto least = [&](std::size_t value) { return static_cast<int>(world.min(static_cast<std::uint64_t>(value))); };
  allocation_.nodes = static_cast<int>(world.sum(std::uint64_t{node.is_root()}));
  allocation_.cores = std::max(1, least(node_.cores.size()));
  allocation_.slots = least(node_.slot_of_rank.size());
  const int left_out = std::max(node_.usable, static_cast<int>(node_.cores.size())) - allocation_.cores;
  allocation_.cores_left_out = static_cast<int>(world.sum(static_cast<std::uint64_t>(node.is_root() ? left_out : 0)));
  allocation_.numa_nodes = least(static_cast<std::size_t>(numa_nodes_of(node_)));
  const std::size_t first_core = node_.cores.empty() ? 1 : node_.cores.front().size();
  allocation_.cpus_a_core = view.slurm_counts_cores ? 1 : least(first_core);
  allocation_.style = view.style;
}

const Formation::Active& Formation::form(const SweepLayout& layout) {
  for (const Active& active : formed_) {
    if (active.layout == layout) return active;
  }
  auto places = places_in(node_, node_index_, slot_, static_cast<int>(node_.slot_of_rank.size()), layout);
  mpi::Comm comm = world_.split(places.empty() ? 1 : 0);
  return formed_.emplace_back(Active{layout, std::move(comm), std::move(places)});
}

void Formation::run_as(const SweepLayout& layout,
                       const std::function<void(const mpi::Comm& active, int threads)>& work) {
  const Active& active = form(layout);
  const int threads = static_cast<int>(active.thread_cpus.size());
  Failure failure;
  if (threads > 0) {
    omp_set_num_threads(threads);
    failure = attempt([&] {
      require_team(active.comm, threads);
      mpi::together(active.comm, [&] {
        if (omp_get_thread_limit() < threads) {
          throw usage_error(fmt::format("OMP_THREAD_LIMIT={} is below the {} threads of a layout; unset it",
                                        omp_get_thread_limit(), threads));
        }
        if (pin_team(active.thread_cpus, threads)) return;
        throw system_error(fmt::format("the system refused to pin threads to the CPUs of {}", to_text(layout)));
      });
      work(active.comm, threads);
    });
    pin_this_thread(own_cpus_);
  }
  constexpr double patience_s = 3;
  if (failure.failed() && !agreement_.everyone_arrives(patience_s)) {
    message_lines(fmt::format("rank {}: {}", world_.rank(), failure.text));
    mpi::abort(static_cast<int>(failure.code));
  }
  if (threads == 0) agreement_.park();
  if (threads > 0 && !failure.failed()) agreement_.barrier();
  const int first = mpi::first_failed(world_, failure);
  if (first == world_.size()) return;
  const Failure found = mpi::failure_of(world_, first, failure);
  throw PrintableError(found.code, found.text);
}

}  // namespace concdemo
