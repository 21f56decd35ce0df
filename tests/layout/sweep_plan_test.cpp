#include "layout/sweep_plan.hpp"

#include <algorithm>
#include <set>

#include "measure/sweep_table.hpp"
#include "support/catch.hpp"

using namespace concdemo;

namespace {

// Ranks bound to a core each, in order, of a node with so many hyper-threads a core.
NodeView bound_node(int cores, int siblings) {
  NodeView node;
  for (int core = 0; core < cores; ++core) {
    auto& mask = node.rank_cpus.emplace_back();
    for (int i = 0; i < siblings; ++i) {
      mask.push_back(core + i * cores);
      node.core_of_cpu[core + i * cores] = core;
    }
  }
  return node;
}

std::vector<std::string> texts(const std::vector<SweepLayout>& layouts) {
  std::vector<std::string> list;
  for (const SweepLayout& layout : layouts) list.push_back(to_text(layout));
  return list;
}

// Places of all ranks of the layout, checked: as many ranks and threads as it says, no core twice on a node.
void check_places(const std::vector<SweepNode>& nodes, const SweepLayout& layout) {
  int ranks = 0;
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    std::set<std::vector<int>> taken;
    const int slots = static_cast<int>(nodes[index].slot_of_rank.size());
    for (int slot = 0; slot < slots; ++slot) {
      const auto places = places_in(nodes[index], static_cast<int>(index), slot, slots, layout);
      if (places.empty()) continue;
      ++ranks;
      REQUIRE(places.size() == static_cast<std::size_t>(layout.threads));
      for (const auto& cpus : places) REQUIRE(taken.insert(cpus).second);
      if (slot == 0) REQUIRE(places.front() == nodes[index].cores.front());
    }
    REQUIRE((taken.size() == static_cast<std::size_t>(layout.ranks_per_node * layout.threads) ||
             static_cast<int>(index) >= layout.nodes));
  }
  REQUIRE(ranks == layout.ranks());
}

}  // namespace

TEST_CASE("one rank a core forms every layout") {
  const SweepPlan plan = plan_sweep({.cores = 8, .slots = 8});
  CHECK(plan.unformable.empty());
  CHECK(texts(plan.layouts) ==
        std::vector<std::string>{"1 rank x 8 threads", "2 ranks x 4 threads", "4 ranks x 2 threads",
                                 "8 ranks x 1 thread", "1 rank x 6 threads", "6 ranks x 1 thread", "1 rank x 4 threads",
                                 "4 ranks x 1 thread", "1 rank x 3 threads", "3 ranks x 1 thread", "1 rank x 2 threads",
                                 "2 ranks x 1 thread", "1 rank x 1 thread"});
  const SweepNode node = cores_for_sweep(bound_node(8, 2));
  for (const SweepLayout& layout : plan.layouts) check_places({node}, layout);
  // The first of each two neighbours takes the CPUs of both.
  CHECK(places_in(node, 0, 2, 8, {1, 4, 2}) == std::vector<std::vector<int>>{{2, 10}, {3, 11}});
  CHECK(places_in(node, 0, 3, 8, {1, 4, 2}).empty());
  CHECK(places_in(node, 1, 0, 8, {1, 4, 2}).empty());  // a node that the layout leaves out
}

TEST_CASE("fewer ranks than cores form fewer layouts, and the others are named with the launch that could") {
  const Allocation single{.cores = 4, .slots = 1};
  const SweepPlan plan = plan_sweep(single);
  CHECK(texts(plan.layouts) == std::vector<std::string>{"1 rank x 4 threads", "1 rank x 3 threads",
                                                        "1 rank x 2 threads", "1 rank x 1 thread"});
  CHECK(texts(plan.unformable) == std::vector<std::string>{"2 ranks x 2 threads", "4 ranks x 1 thread"});
  const auto text = missing_text(single, plan);
  CHECK(text.find("2 ranks x 2 threads; 4 ranks x 1 thread.") != std::string::npos);
  CHECK(text.find("mpirun -n 4 --map-by slot:PE=1 --bind-to core concdemo sweep") != std::string::npos);
  CHECK(text.find("srun -N 1 -n 4 -c 1 ") != std::string::npos);
  CHECK(missing_text({.cores = 1, .slots = 1}, plan_sweep({.cores = 1, .slots = 1})).empty());
  // A rank bound to one core of four: those left out count.
  const Allocation bound{.cores = 1, .slots = 1, .cores_left_out = 3};
  CHECK(missing_text(bound, plan_sweep(bound)).find("3 cores that no rank was given") != std::string::npos);
  CHECK(missing_text(bound, plan_sweep(bound)).find("mpirun -n 4 ") != std::string::npos);
}

TEST_CASE("masks of any kind: unbound, sockets, quotas, more ranks than cores") {
  NodeView node;
  for (int rank = 0; rank < 5; ++rank) node.rank_cpus.push_back({0, 1, 2});
  node.usable_cpus = {0, 1, 2, 3};
  const SweepNode unbound = cores_for_sweep(node);
  CHECK(unbound.cores == std::vector<std::vector<int>>{{0}, {1}, {2}});
  CHECK(unbound.usable == 4);
  for (const SweepLayout& layout : plan_sweep({.cores = 3, .slots = 5}).layouts) check_places({unbound}, layout);
  node.quota = 2.5;
  CHECK(cores_for_sweep(node).cores.size() == 2);
  CHECK(cores_for_sweep(node).usable == 2);
  // Ranks dealt to sockets in turn: slots follow the cores, the first rank stays the first.
  NodeView dealt;
  dealt.rank_cpus = {{0, 1}, {2, 3}, {0, 1}, {2, 3}};
  CHECK(cores_for_sweep(dealt).slot_of_rank == std::vector<int>{0, 2, 1, 3});
  CHECK(cores_for_sweep({}).cores.empty());
  // Two ranks of eight cores, in layouts of fewer cores than there are ranks' shares.
  NodeView two = bound_node(8, 1);
  two.rank_cpus = {{0, 1, 2, 3}, {4, 5, 6, 7}};
  for (const SweepLayout& layout : plan_sweep({.cores = 8, .slots = 2}).layouts) {
    check_places({cores_for_sweep(two)}, layout);
  }
}

TEST_CASE("launch lines of the layouts") {
  Allocation cluster{.nodes = 4, .cores = 64, .slots = 64, .numa_nodes = 4, .cpus_a_core = 2};
  CHECK(launch_of(cluster, {4, 8, 8}).mpirun == "mpirun -n 32 --map-by ppr:2:numa:PE=8 --bind-to core");
  CHECK(launch_of(cluster, {4, 8, 8}).srun == "srun -N 4 -n 32 -c 16 --cpu-bind=cores");
  CHECK(launch_of(cluster, {2, 1, 64}).mpirun == "mpirun -n 2 --map-by ppr:1:node:PE=64 --bind-to core");
  CHECK(launch_of(cluster, {1, 1, 3}).openmp == "OMP_NUM_THREADS=3 OMP_PLACES=cores OMP_PROC_BIND=close");
  CHECK(launch_of_sweep(cluster).srun == "srun -N 4 -n 256 -c 2 --cpu-bind=cores");
  cluster.style = LaunchStyle::hydra;
  CHECK(launch_of(cluster, {4, 8, 8}).mpirun == "mpiexec -n 32 -ppn 8 -bind-to core:8 -map-by numa");
  CHECK(launch_of_sweep(cluster).mpirun == "mpiexec -n 256 -ppn 64 -bind-to core:1 -map-by numa");
}

TEST_CASE("4,096 ranks on 64 nodes: plan, places, table and verdict", "[large]") {
  const Allocation allocation{.nodes = 64, .cores = 64, .slots = 64, .numa_nodes = 4, .cpus_a_core = 2};
  const SweepPlan plan = plan_sweep(allocation);
  CHECK(plan.layouts.size() > 30);
  CHECK(plan.layouts.front() == SweepLayout{64, 1, 64});
  const std::vector<SweepNode> nodes(64, cores_for_sweep(bound_node(64, 2)));
  for (const SweepLayout& layout : plan.layouts) check_places(nodes, layout);

  std::vector<SweptWorkload> workloads;
  for (const char* name : {"first", "second"}) {
    SweptWorkload swept{name, Bound::fma, false, {}};
    for (const SweepLayout& layout : plan.layouts) {
      SweepPoint point{layout, "20000x20000x20000", 1.6e13, 9.6e9, {}};
      const double n = layout.cores(), base = 400 * (1 + 1e-4 * (n - 1) + 1e-8 * n * (n - 1)) / n;
      for (int round = 0; round < 8; ++round) point.seconds.push_back(base * (1 + 0.001 * (round % 3)));
      if (layout == SweepLayout{64, 8, 8}) {
        for (double& seconds : point.seconds) seconds *= 0.9;
      }
      swept.points.push_back(point);
    }
    workloads.push_back(swept);
  }
  const Ceilings ceilings{1e13, 1e13, 1.7e14};
  const auto verdict = verdict_text(workloads[0], ceilings, allocation);
  CHECK(verdict.find("first: fastest as 64 nodes, 8 ranks a node x 8 threads") == 0);
  CHECK(verdict.find("more than the noise") != std::string::npos);
  CHECK(verdict.find("srun -N 64 -n 512 -c 16") != std::string::npos);
  CHECK(verdict.find("extrapolated to 8192 cores") != std::string::npos);
  CHECK(best_of_all(workloads, allocation).find("All 2 together: 64 nodes, 8 ranks a node x 8 threads, at 100 %") == 0);
  const auto table = sweep_table(workloads[0], ceilings);
  CHECK(std::count(table.begin(), table.end(), '\n') <= 42);
  CHECK(heat_map(workloads[0]).find("100@") != std::string::npos);
}
