#include "measure/machine_peaks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <span>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "kernels/peaks.hpp"
#include "kernels/simd.hpp"
#include "measure/measure.hpp"
#include "measure/rank_peaks.hpp"
#include "system/array.hpp"
#include "system/files.hpp"
#include "system/mpi_ping.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

constexpr int most_turns = 16;           // in which the nodes work alone, some 0.2 s each
constexpr double window_s = 0.12;        // in which all ranks work at once, at least two passes
constexpr double write_s = 1;            // of durable writes, at least one piece
constexpr std::size_t piece = 16 << 20;  // bytes of one write

// The value of every rank, on rank 0.
template <class T>
std::vector<T> gathered(const mpi::Comm& world, const T& mine) {
  const auto* bytes = reinterpret_cast<const char*>(&mine);
  std::vector<T> values;
  for (const std::string& text : world.gather(std::string(bytes, sizeof(T)))) {
    T value;
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(&value));
    values.push_back(value);
  }
  return values;
}

// Bytes a second that this rank writes to a file of its own and then knows to be on disk.
double durable_rate(const std::string& folder, int rank) {
  const std::string path = fmt::format("{}/.concdemo-peaks-{}-{}", folder, getpid(), rank);
  const auto check = [&](int error) {
    if (error != 0) throw system_error(fmt::format("--folder {}: {}", folder, files::error_text(error)));
  };
  files::Descriptor file;
  const int error = files::open(path, O_CREAT | O_EXCL | O_WRONLY, file);
  if (error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == EROFS) {
    throw usage_error(
        fmt::format("--folder {}: {}; name a folder that you may write", folder, files::error_text(error)));
  }
  check(error);
  unlink(path.c_str());  // it goes with the descriptor, however this ends
  const std::vector<std::byte> bytes(piece, std::byte{0x5a});
  std::uint64_t written = 0;
  const double start = now_s();
  do {
    check(files::write_all(file.get(), bytes, written));
    check(files::sync_data(file.get()));
    written += piece;
  } while (now_s() - start < write_s);
  return static_cast<double>(written) / (now_s() - start);
}

// Work a second of this rank while it repeats `work`, which returns how much that was; started by all ranks at once.
double rate_in_window(const std::function<double()>& work) {
  double done = 0;
  const double start = now_s();
  for (int i = 0; i < 2 || now_s() - start < window_s; ++i) done += work();
  return done / (now_s() - start);
}

double fma_rate(int threads) {
  return rate_in_window([&] { return fma_chains(threads, 100'000); });
}

void measure_rates(const mpi::Comm& world, const PeaksProblem& problem, Array& buffer, MachinePeaks& peaks,
                   Progress& progress) {
  const auto add = [&](const std::string& name, const std::string& unit, const std::function<double()>& measure) {
    progress.show(fmt::format("measuring all ranks at once: {}", name));
    world.barrier();
    double mine = 0;
    mpi::together(world, [&] { mine = measure(); });
    peaks.rates.push_back({name, unit, gathered(world, mine)});
    world.sum(std::span(&mine, 1));
    return mine;  // in all, on every rank
  };
  const int threads = problem.threads;
  const auto add_faster = [&](const std::string& name, Pass one, Pass other) {
    const auto add_one = [&](Pass pass) {
      return add(name, "B/s",
                 [&] { return rate_in_window([&] { return memory_pass(pass, buffer.span(), threads); }); });
    };
    const bool first_is_faster = add_one(one) > add_one(other);
    peaks.rates.erase(peaks.rates.end() - (first_is_faster ? 1 : 2));
  };
  add_faster("read bandwidth", Pass::read, Pass::read_in_four_streams);
  add_faster("copy bandwidth", Pass::copy, Pass::copy_non_temporal);
  add_faster("triad bandwidth", Pass::triad, Pass::triad_non_temporal);
  const std::string chosen = simd_target();
  for (const std::string& target : simd_targets()) {
    if (target == "scalar") continue;  // the kernel is the vector one
    set_simd_target(target);
    add("FMA, " + target, "flop/s", [&] { return fma_rate(threads); });
  }
  set_simd_target(chosen);
  if (problem.folder.empty()) {
    peaks.not_measured.emplace_back("durable writes: give --folder DIR");
  } else {
    add("durable writes", "B/s", [&] { return durable_rate(problem.folder, world.rank()); });
  }
}

// Which nodes there are, on every rank.
struct Nodes {
  int count = 0;
  std::vector<int> of_rank;
};

Nodes find_nodes(const mpi::Comm& world, int ranks_a_node) {
  const int first = ranks_a_node > 0 ? world.rank() / ranks_a_node * ranks_a_node
                                     : world.split_by_node().broadcast_value(world.rank());
  Nodes nodes;
  std::map<std::string, int> of_first;  // numbered as they come, in the order of their first ranks
  for (const std::string& each : world.all_gather(std::to_string(first))) {
    const auto [place, is_new] = of_first.try_emplace(each, nodes.count);
    if (is_new) ++nodes.count;
    nodes.of_rank.push_back(place->second);
  }
  return nodes;
}

// Every node while the others sleep, in turns that take every most_turns-th node at once where there are more.
void measure_nodes(const mpi::Comm& world, const PeaksProblem& problem, Array& buffer, MachinePeaks& peaks,
                   const Nodes& nodes, Progress& progress) {
  struct Rates {
    double read = 0, fma = 0;
  };
  Rates alone, together;
  const auto measure = [&](Rates& rates) {
    rates.read = rate_in_window([&] { return memory_pass(Pass::read, buffer.span(), problem.threads); });
    rates.fma = fma_rate(problem.threads);
  };
  progress.show("measuring all nodes at once");
  world.barrier();
  measure(together);
  const int mine = nodes.of_rank[static_cast<std::size_t>(world.rank())];
  const int turns = nodes.count > 1 ? std::min(nodes.count, most_turns) : 0;
  for (int turn = 0; turn < turns; ++turn) {
    progress.show(fmt::format("measuring nodes alone, turn {} of {}", turn + 1, turns));
    world.barrier();
    if (mine % most_turns == turn) measure(alone);
  }
  const auto all_alone = gathered(world, nodes.count > 1 ? alone : together), all_together = gathered(world, together);
  if (!world.is_root()) return;
  peaks.nodes.resize(static_cast<std::size_t>(nodes.count));
  for (std::size_t rank = nodes.of_rank.size(); rank-- > 0;) {
    NodeRates& node = peaks.nodes[static_cast<std::size_t>(nodes.of_rank[rank])];
    node.host = peaks.hosts[rank];
    node.first_rank = static_cast<int>(rank);
    node.read_alone += all_alone[rank].read;
    node.fma_alone += all_alone[rank].fma;
    node.read_together += all_together[rank].read;
    node.fma_together += all_together[rank].fma;
  }
}

void measure_links(const mpi::Comm& world, MachinePeaks& peaks, const std::vector<int>& node_of) {
  struct Pair {
    int from = -1, to = -1;
  };
  Pair within, between;
  std::vector<int> seen(node_of.size(), -1);  // a rank of each node
  for (int rank = 0; rank < static_cast<int>(node_of.size()); ++rank) {
    int& earlier = seen[static_cast<std::size_t>(node_of[static_cast<std::size_t>(rank)])];
    if (earlier >= 0 && within.to < 0) within = {earlier, rank};
    if (node_of[static_cast<std::size_t>(rank)] != node_of[0] && between.to < 0) between = {0, rank};
    earlier = rank;
  }
  const auto add = [&](const std::string& name, const Pair& pair, const std::string& how) {
    if (pair.to < 0) return peaks.not_measured.push_back("messages " + name + ": " + how);
    const mpi::PingPong cost = mpi::ping_pong(world, pair.from, pair.to);
    peaks.links.push_back({name, pair.from, pair.to, cost.latency_s, cost.bandwidth});
  };
  add("within a node", within, "launch two ranks on a node");
  add("between two nodes", between, "launch ranks on two nodes");
}

}  // namespace

MachinePeaks measure_machine(const mpi::Comm& world, const PeaksProblem& problem, Progress& progress) {
  const double start = now_s();
  MachinePeaks peaks;
  peaks.threads = problem.threads;
  peaks.hosts = world.gather(host_name());
  const Nodes nodes = find_nodes(world, problem.ranks_a_node);

  progress.show("touching memory");
  Array buffer;
  mpi::together(world, [&] { buffer = beyond_caches(problem.threads); });
  measure_rates(world, problem, buffer, peaks, progress);
  measure_nodes(world, problem, buffer, peaks, nodes, progress);
  progress.show("measuring messages");
  measure_links(world, peaks, nodes.of_rank);
  peaks.seconds = now_s() - start;
  return peaks;
}

std::vector<Outlier> outliers(const std::vector<NodeRates>& nodes) {
  if (nodes.size() < 2) return {};
  std::vector<Outlier> found;
  const auto look = [&](const std::string& what, double NodeRates::*rate) {
    std::vector<double> rates;
    for (const NodeRates& node : nodes) rates.push_back(node.*rate);
    const double middle = median(rates);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].*rate < 0.9 * middle) found.push_back({i, what, nodes[i].*rate / middle});
    }
  };
  look("read bandwidth alone", &NodeRates::read_alone);
  look("FMA rate alone", &NodeRates::fma_alone);
  look("read bandwidth beside the others", &NodeRates::read_together);
  look("FMA rate beside the others", &NodeRates::fma_together);
  return found;
}

}  // namespace concdemo
