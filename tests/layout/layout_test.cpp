#include "layout/layout.hpp"

#include <string>

#include "support/catch.hpp"
#include "support/layout.hpp"

using namespace concdemo;
using namespace concdemo::test;

TEST_CASE("masks without a common core are left alone") {
  check_left_alone(node(1, 1, {{0}}), {1});          // 1 CPU
  check_left_alone(node(1, 2, {{0, 1}}), {1});       // 1 core with SMT
  check_left_alone(node(8, 1, {cpus(0, 7)}), {8});   // one rank
  check_left_alone(node(8, 2, {cpus(0, 15)}), {8});  // one rank, SMT
  check_left_alone(node(8, 2, {cpus(0, 7)}), {8});   // one hyper-thread of each core
  check_left_alone(node(8, 2, {both(cpus(0, 3), cpus(8, 11)), both(cpus(4, 7), cpus(12, 15))}), {4, 4});  // two sockets
  check_left_alone(node(4, 1, {{0}, {1}, {2}, {3}}), {1, 1, 1, 1});     // bound to core each
  check_left_alone(node(64, 1, {{3}, {17, 40}, {41, 63}}), {1, 1, 1});  // scattered, uneven: 5 / 3
  check_left_alone(node(8, 1, {{}}), {1});                              // nothing known
  NodeView unknown;
  unknown.rank_cpus = {{0, 1, 7}};
  check_left_alone(unknown, {3});  // no core known: each CPU is one
  CHECK(lay_out(NodeView{}).ranks.empty());
}

TEST_CASE("a rank gets no more than its share and no more than its mask") {
  const NodeLayout uneven = lay_out(node(8, 1, {cpus(0, 0), cpus(1, 7)}));
  CHECK(threads(uneven) == std::vector<int>{1, 4});
  CHECK(!pinned(uneven));
  CHECK(contains(uneven.warnings.at(0), "rank 0 may use 1 core where its share is 4"));
}

TEST_CASE("masks that overlap are divided") {
  // Open MPI binds 4 ranks to a socket each: 2 sockets, 4 cores with SMT each.
  const Mask socket0 = both(cpus(0, 3), cpus(8, 11));
  const Mask socket1 = both(cpus(4, 7), cpus(12, 15));
  const NodeView open_mpi = node(8, 2, {socket0, socket1, socket0, socket1});
  check_divided(open_mpi, {2, 2, 2, 2});
  const NodeLayout layout = lay_out(open_mpi);
  CHECK(layout.cores == 8);
  CHECK(layout.ranks[0].thread_cpus == std::vector<Mask>{{0, 8}, {1, 9}});
  CHECK(layout.ranks[2].thread_cpus == std::vector<Mask>{{2, 10}, {3, 11}});

  check_divided(node(8, 2, {cpus(0, 15), cpus(0, 15), cpus(0, 15), cpus(0, 15)}), {2, 2, 2, 2});  // one socket, SMT
  check_divided(node(8, 1, {cpus(0, 7), cpus(0, 7), cpus(0, 7)}), {2, 2, 2});                     // 8 / 3
  check_divided(node(8, 1, {cpus(0, 5), cpus(4, 7)}), {4, 4});                      // only 0-3 and 4-7 do it
  check_divided(node(6, 1, {cpus(0, 3), cpus(0, 3), cpus(2, 5)}), {2, 2, 2});       // the third must keep out of 2-3
  check_divided(node(4, 1, {{0, 1}, {1, 2}, {2, 3}, {3, 0}}), {1, 1, 1, 1});        // a ring
  check_divided(node(4, 1, {{0, 1, 2, 3}, {0}, {0, 1}, {0, 1, 2}}), {1, 1, 1, 1});  // nested: one solution
  check_divided(node(8, 2, {cpus(0, 7), cpus(8, 15)}), {4, 4});  // the two hyper-threads of every core
  NodeView scattered;
  scattered.rank_cpus = {{3, 90, 700, 5000}, {3, 90, 700, 5000}};
  scattered.core_of_cpu = {{3, 11}, {90, 5}, {700, 11}, {5000, 5}};
  check_divided(scattered, {1, 1});
}

TEST_CASE("where masks leave less than the share, the poorest rank gets the most possible") {
  const NodeView view = node(8, 1, {{0, 1}, {0, 1}, cpus(0, 7)});
  const NodeLayout layout = lay_out(view);
  CHECK(threads(layout) == std::vector<int>{1, 1, 2});
  check_own_cores(view, layout);
  CHECK(contains(layout.warnings.at(0), "rank 0 may use 1 core where its share is 2"));
}

TEST_CASE("a quota of CPU time limits the threads of the node") {
  NodeView view = node(8, 1, {cpus(0, 7)});
  view.quota = 2.5;
  check_left_alone(view, {2});
  view.quota = 0.3;
  check_left_alone(view, {1});
  view.quota = 1e300;
  check_left_alone(view, {8});
  view = node(8, 1, {cpus(0, 7), cpus(0, 7)});
  view.quota = 4;
  check_divided(view, {2, 2});
  view = node(8, 1, {cpus(2, 3)});  // mask and quota
  view.quota = 6;
  check_left_alone(view, {2});
}

TEST_CASE("more ranks than cores: one thread each, not pinned") {
  const NodeLayout layout = lay_out(node(2, 2, {cpus(0, 3), cpus(0, 3), cpus(0, 3), cpus(0, 3)}));
  CHECK(threads(layout) == std::vector<int>{1, 1, 1, 1});
  CHECK(!pinned(layout));
  CHECK(layout.warnings == std::vector<std::string>{"4 ranks share 2 cores: start at most 2 a node"});
  // A rank on each hyper-thread is meant.
  check_left_alone(node(2, 2, {{0}, {1}, {2}, {3}}), {1, 1, 1, 1});
  // Three ranks on one core, although there are others.
  NodeView crowded = node(8, 1, {{0}, {0}, {0}, cpus(1, 7)});
  CHECK(!pinned(lay_out(crowded)));
  CHECK(contains(warning(crowded), "some of the 4 ranks share a core though there are 8 cores"));
  CHECK(contains(warning(crowded), "`mpirun -n 4 --map-by slot:PE=2 --bind-to core ...`"));
}

TEST_CASE("cores that no rank may use are reported with the line that uses them") {
  NodeView view = node(8, 1, {{0}, {1}});  // Open MPI's default for 2 ranks
  CHECK(warning(view) == "");              // unknown whether there are others
  view.usable_cpus = cpus(0, 7);
  CHECK(warning(view) ==
        "6 of 8 cores are open to no rank: use all by `mpirun -n 2 --map-by slot:PE=4 --bind-to core ...`");
  view.world_ranks = 6;
  CHECK(contains(warning(view), "`mpirun -n 6 --map-by ppr:2:node:PE=4 --bind-to core ...`"));
  view.style = LaunchStyle::srun;
  CHECK(contains(warning(view), "`srun -N 3 -n 6 -c 4 --cpu-bind=cores ...`"));
  view.style = LaunchStyle::hydra;
  CHECK(contains(warning(view), "`mpiexec -n 6 -ppn 2 -bind-to core:4 ...`"));
  view.quota = 2;  // the others could not be used anyway
  CHECK(warning(view) == "");
  NodeView remainder = node(8, 1, {cpus(0, 1), cpus(2, 3), cpus(4, 5)});
  remainder.usable_cpus = cpus(0, 7);
  CHECK(warning(remainder) == "");  // 8 / 3 is 2 however they are bound
  NodeView smt = node(8, 2, {cpus(0, 0)});
  smt.usable_cpus = cpus(0, 15);
  smt.style = LaunchStyle::srun;
  smt.rank_cpus = {{0, 8}};
  CHECK(contains(warning(smt), "`srun -N 1 -n 1 -c 16 --cpu-bind=cores ...`"));
  smt.slurm_counts_cores = true;
  CHECK(contains(warning(smt), "`srun -N 1 -n 1 -c 8 --cpu-bind=cores ...`"));
}

TEST_CASE("threads that OpenMP binds in masks that ranks share sit on the same cores") {
  NodeView view = node(8, 1, {cpus(0, 7), cpus(0, 7)});
  view.bound_by_openmp = true;
  CHECK(contains(warning(view), "OMP_PROC_BIND or OMP_PLACES binds threads of several ranks to the same cores"));
  view.given_threads = {2, 2};
  CHECK(contains(warning(view), "`mpirun -n 2 --map-by slot:PE=4 --bind-to core ...`"));
  view.rank_cpus = {cpus(0, 3), cpus(4, 7)};
  CHECK(warning(view) == "");
}

TEST_CASE("given threads are neither divided nor pinned, and judged") {
  NodeView view = node(8, 1, {{0}, {1}});
  view.usable_cpus = cpus(0, 7);
  view.given_threads = {4, 4};
  CHECK(threads(lay_out(view)) == std::vector<int>{4, 4});
  CHECK(!pinned(lay_out(view)));
  CHECK(warning(view) ==
        "rank 0 has 4 threads on 1 CPU (0): give each rank its cores by "
        "`mpirun -n 2 --map-by slot:PE=4 --bind-to core ...`");
  view.given_threads = {8, 8};
  CHECK(contains(warning(view), "at most 4 threads a rank fit on 8 cores: `mpirun -n 2 --map-by slot:PE=4"));
  view.given_threads = {1, 1};
  CHECK(warning(view) == "");  // leaving cores idle was asked for

  NodeView shared = node(8, 2, {cpus(0, 15), cpus(0, 15), cpus(0, 15), cpus(0, 15)});
  shared.given_threads = {2, 2, 2, 2};
  CHECK(warning(shared) == "");
  CHECK(!pinned(lay_out(shared)));
  shared.given_threads = {4, 4, 4, 4};  // hyper-threads, deliberately
  CHECK(warning(shared) == "");
  shared.given_threads = {8, 8, 8, 8};
  CHECK(warning(shared) == "32 threads run on 16 CPUs: --threads 2 fits, or start fewer ranks a node");

  NodeView laptop = node(4, 2, {cpus(0, 7)});
  laptop.given_threads = {8};
  CHECK(warning(laptop) == "");
  laptop.given_threads = {9};
  CHECK(warning(laptop) == "rank 0 has 9 threads on 8 CPUs (0-7): --threads 4 fits");
}
