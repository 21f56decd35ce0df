#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "layout/layout.hpp"
#include "support/catch.hpp"
#include "system/topology.hpp"

using namespace concdemo;

namespace {

// Puts masks and OpenMP's number of threads back for the cases that follow.
class Restore {
 public:
  ~Restore() {
#pragma omp parallel
    pin_this_thread(cpus_);
    omp_set_num_threads(threads_);
  }

 private:
  std::vector<int> cpus_ = allowed_cpus();
  int threads_ = omp_get_max_threads();
};

std::vector<int> team_sizes_and_masks(std::set<std::vector<int>>& masks) {
  std::vector<int> sizes;
#pragma omp parallel
#pragma omp critical
  {
    sizes.push_back(omp_get_num_threads());
    masks.insert(allowed_cpus());
  }
  return sizes;
}

}  // namespace

TEST_CASE("the layout is what OpenMP then runs on") {
  const mpi::Comm world = mpi::Comm::world();
  const Restore restore;
  const Layout layout = choose_layout(world, 0);
  CHECK(layout.ranks == world.size());
  CHECK(layout.nodes == 1);
  CHECK(layout.threads >= 1);
  std::set<std::vector<int>> masks;
  const auto sizes = team_sizes_and_masks(masks);
  CHECK(sizes == std::vector<int>(static_cast<std::size_t>(layout.threads), layout.threads));
  for (const auto& mask : masks) {
    for (const int cpu : mask) CHECK(std::count(layout.cpus.begin(), layout.cpus.end(), cpu) == 1);
  }
  CHECK(layout.places.size() == (world.is_root() ? static_cast<std::size_t>(world.size()) : 0));
  CHECK(layout.explanation.empty() == !world.is_root());
  for (std::size_t rank = 0; rank < layout.places.size(); ++rank) {
    CHECK(layout.places[rank].rank == static_cast<int>(rank));
    CHECK(layout.places[rank].host == host_name());
    CHECK(!layout.places[rank].cpus.empty());
  }
}

TEST_CASE("ranks that may all use every CPU get cores of their own") {
  const mpi::Comm world = mpi::Comm::world();
  const Restore restore;
  REQUIRE(pin_this_thread(usable_cpus()));
  const Layout layout = choose_layout(world, 0);
  const auto cores = core_of_cpu(usable_cpus());
  std::set<int> distinct;
  for (const auto& entry : cores) distinct.insert(entry.second);
  const int core_count = static_cast<int>(distinct.size());
  const auto lists = world.all_gather(format_list(layout.cpus));
  const bool is_chosen = std::getenv("OMP_NUM_THREADS") == nullptr;
  if (is_chosen && world.size() > 1 && world.size() <= core_count) {
    std::set<std::string> different(lists.begin(), lists.end());
    CHECK(different.size() == lists.size());
    CHECK(allowed_cpus() == layout.cpus);
  }
  if (is_chosen && world.is_root()) CHECK(layout.warnings.empty() == (world.size() <= core_count));
}

TEST_CASE("--threads is obeyed, and refused by every rank when it cannot be") {
  const mpi::Comm world = mpi::Comm::world();
  const Restore restore;
  const std::vector<int> before = allowed_cpus();
  const Layout layout = choose_layout(world, 3);
  CHECK(layout.threads == 3);
  CHECK(allowed_cpus() == before);
  std::set<std::vector<int>> masks;
  CHECK(team_sizes_and_masks(masks) == std::vector<int>{3, 3, 3});
  for (const int threads : {-1, 1'000'000}) {
    try {
      choose_layout(world, threads);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code == ExitCode::usage);
      CHECK(std::string(error.what()).find("--threads " + std::to_string(threads)) != std::string::npos);
    }
  }
}
