#include "layout/placement.hpp"

#include <string>

#include "base/error.hpp"
#include "layout/placement_json.hpp"
#include "layout/placement_text.hpp"
#include "support/catch.hpp"

using namespace concdemo;

namespace {

const std::string two_sockets = "pack:2 [numa] core:56 pu:2";  // CPUs 2c and 2c + 1 are core c's
const std::string four_domains = "pack:2 l3:2 [numa] core:16 pu:1";
const std::string laptop = "[numa] core:8 pu:2";

Placement job(const std::string& nodes, const std::string& ranks, const std::string& more = "") {
  return described_placement("{\"nodes\": [" + nodes + "], \"ranks\": [" + ranks + "]" + more + "}");
}
std::string node(const std::string& hwloc, const std::string& more = "") {
  return "{\"hwloc\": \"" + hwloc + "\"" + more + "}";
}

// Kinds of the findings, the worst first.
std::string kinds(const Placement& placement) {
  std::string text;
  for (const PlacementFinding& finding : judge(placement)) text += (text.empty() ? "" : " ") + finding.kind;
  return text;
}

std::string pinned(int first, int count, int stride) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i > 0 ? ",\"" : "\"") + std::to_string(first + i * stride) + "\"";
  return "{\"threads\": [" + list + "]}";
}

}  // namespace

TEST_CASE("layouts with nothing wrong") {
  CHECK(kinds(job(node(two_sockets), R"({"threads": 112})")).empty());  // one rank, all cores
  CHECK(kinds(job(node(two_sockets), R"({"threads": 224})")).empty());  // and all hyper-threads
  CHECK(kinds(job(node(two_sockets), pinned(0, 112, 2))).empty());      // a core each
  CHECK(
      kinds(job(node(two_sockets), R"({"threads": 56, "cpus": "0-111"}, {"threads": 56, "cpus": "112-223"})")).empty());
  CHECK(kinds(job(node(four_domains), R"({"threads": 16, "cpus": "0-15"}, {"threads": 16, "cpus": "16-31"},
                                         {"threads": 16, "cpus": "32-47"}, {"threads": 16, "cpus": "48-63"})"))
            .empty());
  CHECK(kinds(job(node(four_domains), R"({"threads": 32, "cpus": "0-31"}, {"threads": 32, "cpus": "32-63"})")).empty());
  CHECK(kinds(job(node(laptop), R"({"threads": 8})")).empty());
  CHECK(kinds(job(node(laptop), R"({"count": 4, "threads": 2})")).empty());  // unbound, a core a thread
  CHECK(kinds(job(node(laptop), R"({"threads": 16})")).empty());
  CHECK(kinds(job(node(laptop, R"(, "allocated": "4-7")"), R"({"threads": 2, "cpus": "4-7"})"))
            .empty());  // a job's share
  CHECK(kinds(job(node(laptop, R"(, "quota": 4)"), R"({"threads": 4})")).empty());
  CHECK(kinds(job(node(laptop, R"(, "quota": 2.5)"), R"({"threads": 3})")).empty());
  CHECK(kinds(job(node("[numa] core:1 pu:1"), R"({"threads": 1})")).empty());
  CHECK(kinds(job(node(two_sockets) + "," + node(laptop), R"({"threads": 112}, {"node": 1, "threads": 8})")).empty());
  CHECK(kinds(job(node(laptop), "")).empty());
}

TEST_CASE("the mistakes that are made") {
  // mpirun -n 2 with OMP_NUM_THREADS=4 binds each rank to a core.
  const auto bound = job(node(laptop), R"({"threads": 4, "cpus": "0-1"}, {"threads": 4, "cpus": "2-3"})");
  CHECK(kinds(bound) == "threads-outnumber-cpus");
  CHECK(judge(bound)[0].ranks == std::vector<int>{0, 1});
  CHECK(judge(bound)[0].text == "4 threads of rank 0 run on 2 CPUs (0-1), while the job has 16 CPUs");
  // OMP_PROC_BIND=close with places of one core.
  CHECK(kinds(job(node(laptop), R"({"threads": ["0", "0", "0", "0"]})")) == "threads-outnumber-cpus");
  CHECK(kinds(job(node(laptop), R"({"threads": ["0", "2", "0", "2"]})")) == "threads-outnumber-cpus");
  // srun without -c: one CPU a task.
  CHECK(kinds(job(node(laptop), R"({"threads": 4, "cpus": "0"}, {"threads": 4, "cpus": "2"})",
                  R"(, "launcher": "srun")")) == "threads-outnumber-cpus");
  // Two ranks pinned to one core.
  const auto shared =
      job(node(laptop), R"({"threads": 1, "cpus": "0"}, {"threads": 1, "cpus": "0"}, {"threads": 1, "cpus": "4"})");
  CHECK(kinds(shared) == "ranks-share-cores");
  CHECK(judge(shared)[0].ranks == std::vector<int>{0, 1});
  CHECK(kinds(job(node(laptop), R"({"threads": 1, "cpus": "0"}, {"threads": 1, "cpus": "1"})")) == "ranks-share-cores");
  // The hyper-threads of four cores, while four are idle.
  CHECK(kinds(job(node(laptop), pinned(0, 8, 1))) == "siblings-share-cores");
  CHECK(kinds(job(node(laptop), R"({"count": 20, "threads": 1})")) == "node-oversubscribed");
  CHECK(kinds(job(node(laptop), R"({"threads": 17})")) == "node-oversubscribed");
  CHECK(kinds(job(node(laptop, R"(, "quota": 2)"), R"({"threads": 8})")) == "quota-below-threads");
  CHECK(kinds(job(node(four_domains), R"({"threads": 16, "cpus": "0-15", "memory_nodes": "3"})")) == "memory-far");
  CHECK(kinds(job(node(four_domains), R"({"count": 4, "threads": 16})")) == "rank-across-numa-nodes");
  CHECK(kinds(job(node(two_sockets), R"({"threads": 8, "cpus": "104-119"})")) == "rank-across-numa-nodes");
  CHECK(kinds(job(node(laptop), R"({"threads": 3})")) == "idle-cores");
  CHECK(kinds(job(node(laptop), R"({"threads": 1, "cpus": "0"})")) == "idle-cores");
  CHECK(kinds(job(node(laptop), R"({"threads": 8})", R"(, "threads_supported": false)")) == "mpi-without-threads");
  // Worst first, and both of two.
  CHECK(kinds(job(node(laptop, R"(, "quota": 2)"), R"({"threads": 4, "cpus": "0"})")) ==
        "threads-outnumber-cpus quota-below-threads");
}

TEST_CASE("nodes that share a finding are told together") {
  const auto placement = job(node(two_sockets, R"(, "count": 64)"), R"({"count": 64, "threads": 2, "cpus": "0"})");
  CHECK(placement.nodes.size() == 64);
  CHECK(placement.nodes[63].rank_numbers.back() == 4095);
  const auto findings = judge(placement);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].nodes == 64);
  CHECK(findings[0].ranks.size() == 4096);
  CHECK(placement_table(placement).size() < 4000);
  CHECK(placement_picture(placement).size() < 10000);
  const auto text = findings_text(placement, findings, advise(placement), {});
  CHECK(text.find("(64 nodes alike). Concerns ranks 0-4095.") != std::string::npos);
  CHECK(kinds(job(node(laptop, R"(, "host": "a")") + "," + node(two_sockets, R"(, "host": "b")"),
                  R"({"threads": 8}, {"node": 1, "threads": 8})")) == "rank-across-numa-nodes");
}

TEST_CASE("what a placement costs, and noise that is no cost") {
  const Placement crowded = job(node(laptop), R"({"threads": 4, "cpus": "0-1"})");
  const auto text = [&](double ratio) {
    return findings_text(crowded, judge(crowded), advise(crowded), PlacementCost{ratio, "FMA throughput", ""});
  };
  CHECK(text(0.81).find("Cost: 19 % of the FMA throughput: it is 0.81 of") != std::string::npos);
  CHECK(text(4.83).find("Cost: none measured: the FMA throughput is 4.83 of") != std::string::npos);
}

TEST_CASE("the launch that places a job well") {
  const auto a = advise(job(node(laptop), R"({"threads": 4, "cpus": "0-1"}, {"threads": 4, "cpus": "2-3"})"));
  CHECK(a.mpirun == "mpirun -n 2 --map-by slot:PE=4 --bind-to core");
  CHECK(a.srun == "srun -N 1 -n 2 -c 8 --cpu-bind=cores");
  CHECK(a.openmp == "OMP_NUM_THREADS=4 OMP_PLACES=cores OMP_PROC_BIND=close");
  const auto b = advise(job(node(four_domains, R"(, "count": 2)"), R"({"count": 4, "threads": 16})"));
  CHECK(b.mpirun == "mpirun -n 8 --map-by ppr:1:numa:PE=16 --bind-to core");
  CHECK(b.srun == "srun -N 2 -n 8 -c 16 --cpu-bind=cores");
  CHECK(advise(job(node(laptop), R"({"count": 20, "threads": 1})")).mpirun ==
        "mpirun -n 8 --map-by slot:PE=1 --bind-to core");
  auto by_cores = job(node(laptop), R"({"count": 2, "threads": 4})");
  by_cores.slurm_counts_cores = true;
  CHECK(advise(by_cores).srun == "srun -N 1 -n 2 -c 4 --cpu-bind=cores");
  auto by_hydra = job(node(laptop), R"({"count": 2, "threads": 8})");
  by_hydra.style = LaunchStyle::hydra;
  CHECK(advise(by_hydra).mpirun == "mpiexec -n 2 -ppn 2 -bind-to core:4");
  CHECK(advise(job(node(laptop, R"(, "quota": 3.5)"), R"({"threads": 8})")).threads == 3);
  // The node with the fewest cores decides.
  CHECK(advise(job(node(two_sockets) + "," + node(laptop), R"({"threads": 56}, {"node": 1, "threads": 56})")).threads ==
        8);
}

TEST_CASE("a job that is placed by its advice has nothing wrong") {
  for (const auto& machine : {two_sockets, four_domains, laptop}) {
    for (const int ranks : {1, 2, 4, 8, 16}) {
      auto placement = job(node(machine), "{\"count\": " + std::to_string(ranks) + R"(, "threads": 5, "cpus": "0"})");
      REQUIRE_FALSE(judge(placement).empty());
      const Advice advice = advise(placement);
      PlacedNode& place = placement.nodes[0];
      const auto places = place_well(place, advice);
      place.ranks.resize(places.size());
      for (std::size_t i = 0; i < places.size(); ++i) place.ranks[i].thread_cpus = places[i];
      INFO(machine << ", " << ranks << " ranks");
      CHECK(kinds(placement).empty());
    }
  }
}

TEST_CASE("the picture shows who is on each core") {
  const auto placement = job(node("[numa] core:4 pu:1", R"(, "host": "n", "allocated": "0-2")"),
                             R"({"threads": ["0", "0-1"]}, {"threads": ["1"]})");
  CHECK(placement_picture(placement) ==
        "n: 4 cores, 4 CPUs, 1 NUMA node\n  core   0  | 0.* 0.0 | 0.* 1.0 |    -    |         |\n");
}

TEST_CASE("descriptions that cannot be read are refused") {
  for (const char* text :
       {"", "{}", R"({"nodes": [], "ranks": [{"threads": 1}]})", R"({"nodes": [{"hwloc": "nonsense:x"}], "ranks": []})",
        R"({"nodes": [{"hwloc": "<topology>"}], "ranks": []})",
        R"({"nodes": [{"hwloc": "core:2 pu:1"}], "ranks": [{"threads": ["0-"]}]})",
        R"({"nodes": [], "ranks": [], "launcher": "prun"})"}) {
    INFO(text);
    CHECK_THROWS_AS(described_placement(text), Error);
  }
}
