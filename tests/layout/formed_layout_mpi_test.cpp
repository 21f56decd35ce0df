#include "layout/formed_layout.hpp"

#include <omp.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "system/topology.hpp"

using namespace concdemo;

namespace {

// Puts the mask and OpenMP's number of threads back for the cases that follow.
class RestoreTeam {
 public:
  ~RestoreTeam() {
    // Of the largest team as well, for its threads wait for the next one.
#pragma omp parallel num_threads(std::max(threads_, omp_get_num_procs()))
    pin_this_thread(cpus_);
    omp_set_num_threads(threads_);
  }

 private:
  std::vector<int> cpus_ = allowed_cpus();
  int threads_ = omp_get_max_threads();
};

}  // namespace

TEST_CASE("a formed layout is what its ranks and threads then are, and parked ranks do nothing") {
  const mpi::Comm world = mpi::Comm::world();
  const RestoreTeam restore;
  Formation formation(world);
  const SweepPlan plan = plan_sweep(formation.allocation());
  REQUIRE_FALSE(plan.layouts.empty());
  for (int turn = 0; turn < 2; ++turn) {
    for (const SweepLayout& layout : plan.layouts) {
      bool active = false;
      std::set<std::vector<int>> masks;
      formation.run_as(layout, [&](const mpi::Comm& comm, int threads) {
        active = true;
        CHECK(comm.size() == layout.ranks());
        CHECK(comm.is_root() == world.is_root());
        CHECK(threads == layout.threads);
#pragma omp parallel
#pragma omp critical
        if (omp_get_thread_num() > 0 || omp_get_num_threads() == 1) masks.insert(allowed_cpus());
        // Each thread but the first, which has the CPUs of all, is on a core of its own.
        CHECK(masks.size() == static_cast<std::size_t>(std::max(1, layout.threads - 1)));
        CHECK(comm.sum(std::uint64_t{1}) == static_cast<std::uint64_t>(layout.ranks()));
      });
      CHECK(world.sum(std::uint64_t{active}) == static_cast<std::uint64_t>(layout.ranks()));
    }
  }
}

TEST_CASE("what active ranks throw together reaches the parked ones, and the job goes on") {
  const mpi::Comm world = mpi::Comm::world();
  const RestoreTeam restore;
  Formation formation(world);
  for (const SweepLayout& layout : plan_sweep(formation.allocation()).layouts) {
    try {
      formation.run_as(layout, [](const mpi::Comm&, int) { throw usage_error("does not fit"); });
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code == ExitCode::usage);
      CHECK(std::string(error.what()) == "does not fit");
    }
    int ran = 0;
    formation.run_as(layout, [&](const mpi::Comm&, int) { ++ran; });
    CHECK(world.sum(static_cast<std::uint64_t>(ran)) == static_cast<std::uint64_t>(layout.ranks()));
  }
}
