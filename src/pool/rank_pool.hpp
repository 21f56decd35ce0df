#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/partition.hpp"
#include "pool/pack.hpp"
#include "pool/thread_pool.hpp"
#include "system/mpi.hpp"

namespace concdemo {

enum class Schedule {
  dynamic,  // workers claim pieces as they become free
  fixed,    // every worker's items are known beforehand
};

enum class Results { all, root };  // who gets them

struct MapOptions {
  std::uint64_t chunk =
      0;  // items of one piece; 0: dynamic pieces shrink with what is left, fixed ones are equal shares
  Schedule schedule = Schedule::dynamic;
  Results results = Results::all;
  // Called on rank 0 by its main thread, with the number of items begun so far on all ranks: between its pieces and at
  // most ten times a second while they are claimed, and at the end. Must not throw.
  std::function<void(std::uint64_t begun, std::uint64_t total)> progress{};
};

// Why a call failed, the same on every rank: the lowest index whose item threw, whatever the schedule.
struct ItemError : Error {
  ItemError(ExitCode exit_code, const std::string& message, std::uint64_t index_, int rank_, int thread_)
      : Error(exit_code, message), index(index_), rank(rank_), thread(thread_) {}
  std::uint64_t index;
  int rank, thread;  // that ran it
};

// Runs a function over items on all ranks and threads of a communicator.
//
// Every call is collective: all ranks make it, with the same items, function and options, from the thread that started
// MPI; calls that differ throw a usage Error on every rank, and so does a call from inside a ThreadPool or an item. The
// function runs on many threads at once and calls neither MPI nor this pool. Items are numbered from 0; items with
// higher numbers than one that failed may never begin.
class RankPool {
 public:
  struct Options {
    int threads = 1;    // workers in this rank
    int node_size = 0;  // take this many ranks for a node (to try what happens between nodes on one); 0: as it is
  };

  RankPool(const mpi::Comm& comm, Options options);  // collective; `comm` outlives it
  ~RankPool();                                       // collective
  RankPool(const RankPool&) = delete;
  RankPool& operator=(const RankPool&) = delete;

  // f(item) for every item, results in the order of the items: on all ranks, or on rank 0 and nothing elsewhere.
  // `items` is a random access range. A result is trivially copyable, a std::string or a std::vector of such.
  template <class Items, class F>
  auto map(const Items& items, F f, const MapOptions& options = {}) {
    using Result = std::decay_t<std::invoke_result_t<F&, decltype(at(items, 0))>>;
    // A vector a thread: no two threads write to one, and std::vector<bool> is safe too.
    std::vector<Owned<Result>> made(static_cast<std::size_t>(options_.threads));
    run({"map", typeid(F).name(), size_of(items), hash_of(items)}, options, [&](std::uint64_t i, int thread) {
      auto& [ranges, values] = made[static_cast<std::size_t>(thread)];
      values.push_back(f(at(items, i)));
      if (!ranges.empty() && ranges.back().end == i) {
        ++ranges.back().end;
      } else {
        ranges.push_back({i, i + 1});
      }
    });
    const auto parts = collect(pack_all(made), options.results);
    std::vector<Result> results(parts.empty() ? 0 : size_of(items));
    for (const std::string& part : parts) unpack(part, results);
    return results;
  }

  // f(item) merged into one State, the same on all ranks: merge(in, inout) for every result, in an order that differs
  // from layout to layout, so that the same bits need a merge whose order does not matter (integers, exact sums).
  // `none` is the state of no items. State is trivially copyable.
  template <class State, class Items, class F>
  State map_reduce(const Items& items, F f, void (*merge)(const State& in, State& inout), const State& none = {},
                   const MapOptions& options = {}) {
    std::vector<State> states(static_cast<std::size_t>(options_.threads), none);
    run({"map_reduce", typeid(F).name(), size_of(items), hash_of(items)}, options,
        [&](std::uint64_t i, int thread) { merge(f(at(items, i)), states[static_cast<std::size_t>(thread)]); });
    for (std::size_t i = 1; i < states.size(); ++i) merge(states[i], states[0]);
    return comm_.combine<State>(states[0], merge);
  }

  std::vector<WorkerStats> stats() const;  // of this rank's workers since the pool was made
  const mpi::Comm& comm() const { return comm_; }

 private:
  // What ranks must agree on before a call.
  struct Call {
    const char* kind;
    const char* function;
    std::uint64_t items;
    std::uint64_t hash;  // of the items
  };

  // A thread's results; values[i] belongs to the i-th index of the ranges.
  template <class Result>
  struct Owned {
    std::vector<Range> ranges;
    std::vector<Result> values;
  };

  template <class Items>
  static std::uint64_t size_of(const Items& items) {
    return static_cast<std::uint64_t>(std::end(items) - std::begin(items));
  }
  template <class Items>
  static decltype(auto) at(const Items& items, std::uint64_t index) {
    return *(std::begin(items) + static_cast<std::ptrdiff_t>(index));
  }

  // Of the first items' bytes where they have any: ranks with other items are found, seldom those that differ late.
  template <class Items>
  static std::uint64_t hash_of(const Items& items) {
    constexpr std::uint64_t most = 4096;
    std::string bytes;
    using Item = std::decay_t<decltype(*std::begin(items))>;
    if constexpr (std::is_trivially_copyable_v<Item> && std::has_unique_object_representations_v<Item>) {
      for (std::uint64_t i = 0; i < std::min(most, size_of(items)); ++i) pack::put(bytes, Item(at(items, i)));
    } else if constexpr (std::is_same_v<Item, std::string> || std::is_same_v<Item, double> ||
                         std::is_same_v<Item, float>) {
      for (std::uint64_t i = 0; i < std::min(most, size_of(items)); ++i) pack::put(bytes, at(items, i));
    }
    return std::hash<std::string>{}(bytes);
  }

  template <class Result>
  static std::string pack_all(const std::vector<Owned<Result>>& made) {
    std::string bytes;
    for (const auto& [ranges, values] : made) {
      pack::put(bytes, ranges);
      for (const auto& value : values) pack::put(bytes, static_cast<const Result&>(value));
    }
    return bytes;
  }
  template <class Result>
  static void unpack(std::string_view bytes, std::vector<Result>& results) {
    while (!bytes.empty()) {
      std::vector<Range> ranges;
      pack::get(bytes, ranges);
      for (const Range& range : ranges) {
        for (std::uint64_t i = range.begin; i < range.end; ++i) {
          Result value{};
          pack::get(bytes, value);
          results[static_cast<std::size_t>(i)] = std::move(value);
        }
      }
    }
  }

  void run(const Call& call, const MapOptions& options,
           const std::function<void(std::uint64_t index, int thread)>& item);
  void agree(const Call& call, const MapOptions& options);
  std::vector<std::string> collect(const std::string& mine, Results results) const;

  struct State;
  const mpi::Comm& comm_;
  Options options_;
  std::unique_ptr<State> state_;
};

}  // namespace concdemo
