#include "pool/rank_pool.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.hpp"
#include "pool/claims.hpp"
#include "pool/dispatch.hpp"
#include "system/mpi_failure.hpp"
#include "system/mpi_shared.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};

// The lowest index that failed in this rank, and why.
struct FirstFailure {
  std::uint64_t index = none;
  int thread = 0;
  Failure failure;
};

mpi::Comm node_of(const mpi::Comm& comm, int node_size) {
  mpi::Comm node = comm.split_by_node();
  return mpi::with_shared_memory(node_size > 0 ? node.split(node.rank() / node_size) : std::move(node),
                                 sizeof(claims::NodeState));
}

// One call of the pool on this rank, seen by its workers.
struct Run {
  const MapOptions& options;
  const std::function<void(std::uint64_t, int)>& item;
  claims::NodeState& node;
  std::uint64_t items;
  std::uint64_t node_workers;
  std::uint64_t first_worker;  // of this rank, among all
  std::uint64_t all_workers;
  std::function<void(std::uint64_t begun)> progress;  // empty: nobody asked
  std::uint64_t unit = claims::unit_of(items);
  std::uint64_t units = (items + unit - 1) / unit;
  std::uint64_t fixed = options.chunk > 0 ? std::max<std::uint64_t>(1, options.chunk / unit) : 0;  // units of a piece
  std::mutex mutex{};
  FirstFailure first_failure{};  // guarded by mutex
};

// The k-th piece of a worker, in items; waits while its node has none and more may come.
std::optional<Range> next_piece(Run& run, int thread, std::uint64_t k) {
  if (run.options.schedule == Schedule::fixed) {
    return claims::static_range(run.items, run.options.chunk, run.all_workers,
                                run.first_worker + static_cast<std::uint64_t>(thread), k);
  }
  while (true) {
    const bool closed = run.node.closed.load(std::memory_order_acquire) != 0;
    if (const auto units = claims::claim(run.node.range, run.fixed, run.node_workers)) {
      return Range{units->begin * run.unit, std::min(run.items, units->end * run.unit)};
    }
    if (closed) return {};
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
}

void note_failure(Run& run, std::uint64_t index, int thread, Failure failure) {
  std::uint64_t lowest = run.node.first_failure.load();
  while (index < lowest && !run.node.first_failure.compare_exchange_weak(lowest, index)) {}
  const std::lock_guard lock(run.mutex);
  if (index < run.first_failure.index) run.first_failure = {index, thread, std::move(failure)};
}

void work(Run& run, int thread, bool tells_progress, WorkerStats& stats) {
  double last = now_s();
  for (std::uint64_t k = 0;; ++k) {
    const auto piece = next_piece(run, thread, k);
    const double begin = now_s();
    stats.wait_s += begin - last;
    if (!piece) return;
    std::uint64_t i = piece->begin;
    Failure failure = attempt([&] {
      for (; i < piece->end && i < run.node.first_failure.load(std::memory_order_relaxed); ++i) run.item(i, thread);
    });
    stats.items += i - piece->begin + (failure.failed() ? 1 : 0);
    if (failure.failed()) note_failure(run, i, thread, std::move(failure));
    last = now_s();
    stats.busy_s += last - begin;
    if (tells_progress) run.progress(claims::unpack(run.node.range.load(std::memory_order_relaxed)).begin);
  }
}

}  // namespace

struct RankPool::State {
  State(const mpi::Comm& comm, int node_size)
      : node(node_of(comm, node_size)),
        leaders(comm.split(node.is_root() ? 0 : 1)),
        shared(node, sizeof(claims::NodeState)),
        range(*static_cast<claims::NodeState*>(shared.data())) {}
  mpi::Comm node;
  mpi::Comm leaders;  // of use on the first rank of each node
  mpi::SharedMemory shared;
  claims::NodeState& range;
  int nodes = 1;
  std::uint64_t node_workers = 0;
  std::uint64_t first_worker = 0;
  std::uint64_t all_workers = 0;
  bool running = false;
  std::vector<WorkerStats> stats;
};

RankPool::RankPool(const mpi::Comm& comm, Options options)
    : comm_(comm), options_(options), state_(std::make_unique<State>(comm, options.node_size)) {
  if (options_.threads < 1) options_.threads = 1;
  State& state = *state_;
  const auto mine = static_cast<std::uint64_t>(options_.threads);
  state.stats.resize(static_cast<std::size_t>(options_.threads));
  state.nodes = static_cast<int>(comm.sum(std::uint64_t{state.node.is_root()}));
  state.node_workers = state.node.sum(mine);
  state.all_workers = comm.sum(mine);
  const auto threads = comm.all_gather(std::to_string(mine));
  for (int rank = 0; rank < comm.rank(); ++rank) {
    state.first_worker += std::stoull(threads[static_cast<std::size_t>(rank)]);
  }
}

RankPool::~RankPool() = default;

std::vector<WorkerStats> RankPool::stats() const { return state_->stats; }

void RankPool::agree(const Call& call, const MapOptions& options) {
  const std::string mine = fmt::format("{} of {} items (chunk {}, {} schedule, results to {})", call.kind, call.items,
                                       options.chunk, options.schedule == Schedule::dynamic ? "dynamic" : "fixed",
                                       options.results == Results::all ? "all" : "root");
  if (comm_.all_same(std::hash<std::string>{}(fmt::format("{} {} {}", mine, call.function, call.hash)))) return;
  const auto all = comm_.all_gather(mine);
  const auto other = std::find_if(all.begin(), all.end(), [&](const std::string& text) { return text != all.front(); });
  throw usage_error(other == all.end() ? fmt::format("RankPool: ranks called {} with other items or functions", mine)
                                       : fmt::format("RankPool: ranks made different calls: rank 0 {}, rank {} {}",
                                                     all.front(), other - all.begin(), *other));
}

void RankPool::run(const Call& call, const MapOptions& options, const std::function<void(std::uint64_t, int)>& item) {
  if (ThreadPool::inside())
    throw usage_error("RankPool: called inside a ThreadPool; ranks call it from their main thread");
  if (state_->running || omp_in_parallel()) {
    throw usage_error("RankPool: called inside an item or a parallel region; items do not call pools over ranks");
  }
  State& state = *state_;
  Run run{options, item, state.range, call.items, state.node_workers, state.first_worker, state.all_workers, {}};
  double told_s = now_s();
  if (options.progress && comm_.is_root()) {
    run.progress = [&](std::uint64_t begun) {
      if (now_s() - told_s < 0.1) return;
      told_s = now_s();
      options.progress(std::min(run.items, begun * run.unit), run.items);
    };
  }
  const bool dynamic = options.schedule == Schedule::dynamic;
  const bool leads = dynamic && state.nodes > 1 && state.node.is_root();
  if (state.node.is_root()) {  // before all agree, after all have left the last call
    state.range.range.store(claims::pack({0, state.nodes > 1 ? 0 : run.units}));
    state.range.closed.store(state.nodes > 1 ? 0 : 1);
    state.range.first_failure.store(none);
  }
  agree(call, options);

  state.running = true;
  const bool tells = run.progress && !leads && dynamic;
  const auto team = [&] {
#pragma omp parallel num_threads(options_.threads)
    for (int thread = omp_get_thread_num(); thread < options_.threads; thread += omp_get_num_threads()) {
      work(run, thread, tells && thread == 0, state.stats[static_cast<std::size_t>(thread)]);
    }
  };
  if (leads) {  // the main thread alone may call MPI: the others work
    std::jthread others(team);
    const auto end = [&](void*) { state.range.closed.store(1); };
    const std::unique_ptr<void, decltype(end)> always(&state, end);
    dispatch(
        {state.leaders, state.range, run.units, run.unit, run.fixed, state.node_workers},
        run.progress ? run.progress : [](std::uint64_t) {});
  } else {
    team();
  }
  state.running = false;

  struct First {
    std::uint64_t index;
    int rank;
  };
  const auto first = comm_.combine<First>({run.first_failure.index, comm_.rank()}, [](const First& in, First& inout) {
    if (in.index < inout.index) inout = in;
  });
  if (options.progress && comm_.is_root() && first.index == none) options.progress(run.items, run.items);
  if (first.index == none) return;
  const int thread = comm_.broadcast_value(run.first_failure.thread, first.rank);
  const auto [code, text] = mpi::failure_of(comm_, first.rank, run.first_failure.failure);
  throw ItemError(code, fmt::format("item {} (rank {}, thread {}): {}", first.index, first.rank, thread, text),
                  first.index, first.rank, thread);
}

std::vector<std::string> RankPool::collect(const std::string& mine, Results results) const {
  constexpr std::uint64_t most_at_once = std::uint64_t{1} << 30;
  if (comm_.sum(std::uint64_t{mine.size()}) <= most_at_once) {
    return results == Results::all ? comm_.all_gather(mine) : comm_.gather(mine);
  }
  std::vector<std::string> parts;
  for (int rank = 0; rank < comm_.size(); ++rank) {
    std::string part = comm_.broadcast(rank == comm_.rank() ? mine : "", rank);
    if (results == Results::all || comm_.is_root()) parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace concdemo
