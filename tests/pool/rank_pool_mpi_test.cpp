#include "pool/rank_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

std::vector<int> numbers(int count) {
  std::vector<int> items(static_cast<std::size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

std::vector<MapOptions> all_options() {
  std::vector<MapOptions> all;
  for (const Schedule schedule : {Schedule::dynamic, Schedule::fixed}) {
    for (const std::uint64_t chunk : {0, 1, 3}) {
      all.push_back({.chunk = chunk, .schedule = schedule, .results = chunk == 1 ? Results::root : Results::all});
    }
  }
  return all;
}

// Pools as on one node, and as if every rank, or every two ranks, were a node of their own.
constexpr int node_sizes[] = {0, 1, 2};

}  // namespace

TEST_CASE("RankPool: every schedule, chunk and number of nodes gives each result once, in the order of the items") {
  const auto world = mpi::Comm::world();
  for (const int node_size : node_sizes) {
    for (const int threads : {1, 3}) {
      RankPool pool(world, {.threads = threads, .node_size = node_size});
      std::uint64_t items = 0;
      for (const int count : {0, 1, 5, 500}) {
        for (const auto& options : all_options()) {
          const auto squares = pool.map(
              numbers(count), [](int x) { return std::int64_t{x} * x; }, options);
          items += static_cast<std::uint64_t>(count);
          if (options.results == Results::root && !world.is_root()) {
            REQUIRE(squares.empty());
            continue;
          }
          REQUIRE(squares.size() == static_cast<std::size_t>(count));
          for (int i = 0; i < count; ++i) REQUIRE(squares[static_cast<std::size_t>(i)] == std::int64_t{i} * i);
        }
      }
      std::uint64_t mine = 0;
      for (const auto& worker : pool.stats()) mine += worker.items;
      CHECK(pool.stats().size() == static_cast<std::size_t>(threads));
      CHECK(world.sum(mine) == items);
    }
  }
}

TEST_CASE("RankPool: results may be texts, vectors and truth values; items any range") {
  const auto world = mpi::Comm::world();
  RankPool pool(world, {.threads = 2});
  const std::vector<std::string> words{"a", "", "ccc"};
  CHECK(pool.map(words, [](const std::string& word) { return word + "!"; }) ==
        std::vector<std::string>{"a!", "!", "ccc!"});
  CHECK(pool.map(numbers(3), [](int n) { return std::vector<double>(static_cast<std::size_t>(n), n); }) ==
        std::vector<std::vector<double>>{{}, {1}, {2, 2}});
  CHECK(pool.map(numbers(4), [](int n) { return n % 2 == 0; }) == std::vector<bool>{true, false, true, false});
  const auto sum = [](const std::vector<std::uint64_t>& values) {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
  };
  CHECK(sum(pool.map(Indices{6}, [](std::uint64_t x) { return x * x; })) == 55);
}

TEST_CASE("RankPool: map_reduce merges every item once") {
  const auto world = mpi::Comm::world();
  for (const int node_size : node_sizes) {
    RankPool pool(world, {.threads = 3, .node_size = node_size});
    const auto add = [](const std::uint64_t& in, std::uint64_t& inout) { inout += in; };
    for (const auto& options : all_options()) {
      for (const int count : {0, 1001}) {
        const auto total = pool.map_reduce<std::uint64_t>(
            numbers(count), [](int x) { return std::uint64_t(x); }, add, 0, options);
        CHECK(total == static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(count > 0 ? count - 1 : 0) / 2);
      }
    }
  }
}

TEST_CASE("RankPool: the lowest item that fails is thrown on every rank, whatever the schedule, and the pool goes on") {
  const auto world = mpi::Comm::world();
  for (const int node_size : node_sizes) {
    RankPool pool(world, {.threads = 2, .node_size = node_size});
    for (const auto& options : all_options()) {
      for (const int first : {0, 37}) {
        const auto fails = [first](int x) {
          if (x >= first && x % 2 == first % 2) throw usage_error("number " + std::to_string(x));
          return x;
        };
        try {
          pool.map(numbers(100), fails, options);
          FAIL("nothing was thrown");
        } catch (const ItemError& error) {
          CHECK(error.index == static_cast<std::uint64_t>(first));
          CHECK(error.code == ExitCode::usage);
          CHECK(error.rank < world.size());
          CHECK(error.thread < 2);
          const std::string text = error.what();
          CHECK(text.find("number " + std::to_string(first)) != std::string::npos);
          CHECK(world.all_gather(text) == std::vector<std::string>(static_cast<std::size_t>(world.size()), text));
        }
        CHECK(pool.map(numbers(3), [](int x) { return x; }) == numbers(3));
      }
    }
    // On a subset of the ranks, whatever they hold; what is thrown need not be a std::exception.
    const bool bad = world.rank() == world.size() - 1;
    const MapOptions fixed{.schedule = Schedule::fixed};
    CHECK_THROWS_AS(pool.map(
                        numbers(40),
                        [bad](int x) {
                          if (bad) throw x;
                          return x;
                        },
                        fixed),
                    ItemError);
  }
}

TEST_CASE("RankPool: calls that differ are thrown on every rank, not hung") {
  const auto world = mpi::Comm::world();
  if (world.size() == 1) return;
  RankPool pool(world, {.threads = 1});
  const auto twice = [](int x) { return 2 * x; };
  const bool other = world.rank() == 1;
  CHECK_THROWS_WITH(pool.map(numbers(other ? 11 : 10), twice),
                    test::containing("10 items") && test::containing("11 items"));
  CHECK_THROWS_AS(pool.map(numbers(10), twice, {.chunk = other ? 2u : 1u}), Error);
  CHECK_THROWS_AS(pool.map(std::vector<int>{1, other ? 3 : 2}, twice), Error);
  CHECK_THROWS_AS(pool.map(numbers(10), twice, {.results = other ? Results::root : Results::all}), Error);
  const auto call = [&] {
    if (other) {
      pool.map_reduce<int>(numbers(10), twice, [](const int& in, int& inout) { inout += in; });
    } else {
      pool.map(numbers(10), twice);
    }
  };
  CHECK_THROWS_WITH(call(), test::containing("map_reduce"));
  CHECK(pool.map(numbers(2), twice) == std::vector<int>{0, 2});
}

TEST_CASE("RankPool: refuses to be called inside a ThreadPool or an item") {
  const auto world = mpi::Comm::world();
  RankPool pool(world, {.threads = 2});
  ThreadPool threads({.threads = 1});
  auto nested = threads.submit([&] { return pool.map(numbers(3), [](int x) { return x; }); });
  CHECK_THROWS_WITH(nested.get(), test::containing("ThreadPool"));
  CHECK_THROWS_WITH(
      pool.map(numbers(3), [&](int) { return static_cast<int>(pool.map(numbers(1), [](int x) { return x; }).size()); }),
      test::containing("inside an item"));
  CHECK(pool.map(numbers(2), [](int x) { return x; }) == numbers(2));
}

TEST_CASE("RankPool: progress is told on rank 0 and ends with all items") {
  const auto world = mpi::Comm::world();
  for (const int node_size : node_sizes) {
    RankPool pool(world, {.threads = 1, .node_size = node_size});
    std::vector<std::uint64_t> told;
    MapOptions options;
    options.progress = [&](std::uint64_t begun, std::uint64_t total) {
      CHECK(total == 60);
      CHECK((told.empty() || begun >= told.back()));
      told.push_back(begun);
    };
    pool.map(
        numbers(60),
        [](int x) {
          std::this_thread::sleep_for(std::chrono::milliseconds(8));
          return x;
        },
        options);
    CHECK((world.is_root() ? !told.empty() && told.back() == 60 : told.empty()));
  }
}

TEST_CASE("RankPool: one rank's long item does not hold up the others' items") {
  const auto world = mpi::Comm::world();
  if (world.size() < 2) return;
  for (const int node_size : {0, 1}) {
    RankPool pool(world, {.threads = 1, .node_size = node_size});
    const auto ranks = pool.map(numbers(40), [rank = world.rank()](int x) {
      std::this_thread::sleep_for(std::chrono::milliseconds(x == 0 ? 400 : 2));
      return rank;
    });
    // Whoever has the long item can have had but few others, where a fixed schedule would have given it its share.
    CHECK(std::count(ranks.begin(), ranks.end(), ranks.front()) <= 20 / world.size() + 4);
  }
}
