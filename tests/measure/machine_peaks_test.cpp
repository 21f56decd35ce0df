#include "measure/machine_peaks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

std::vector<NodeRates> alike(std::size_t count) {
  std::vector<NodeRates> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    const double noise = i % 2 == 0 ? 1.0 : 0.95;
    nodes.push_back(
        {"n" + std::to_string(i), static_cast<int>(4 * i), 100e9 * noise, 98e9 * noise, 1e12 * noise, 1e12});
  }
  return nodes;
}

}  // namespace

TEST_CASE("a node more than a tenth below the median is an outlier, for what is slow and by how much") {
  CHECK(outliers({}).empty());
  CHECK(outliers(alike(1)).empty());
  CHECK(outliers(alike(64)).empty());
  auto nodes = alike(65);
  nodes[7].read_alone = 50e9;
  nodes[20].fma_together = 0.89e12;
  nodes[21].fma_together = 0.91e12;
  nodes[30].read_together = 0;
  const auto found = outliers(nodes);
  REQUIRE(found.size() == 3);
  CHECK(found[0].node == 7);
  CHECK(found[0].what == "read bandwidth alone");
  CHECK(found[0].ratio == 0.5);
  CHECK(found[1].node == 30);
  CHECK(found[1].ratio == 0.0);
  CHECK(found[2].node == 20);
  CHECK(found[2].what == "FMA rate beside the others");
}

TEST_CASE("one of two nodes is held against the mean of both") {
  auto nodes = alike(2);
  nodes[1].fma_alone = 0.5e12;
  const auto found = outliers(nodes);
  REQUIRE(found.size() == 1);
  CHECK(found[0].node == 1);
  CHECK(found[0].what == "FMA rate alone");
}

TEST_CASE(
    "peaks of 4,096 ranks on 64 nodes fit on a screen and name the slowest rank, the slow node and what is missing") {
  MachinePeaks peaks;
  peaks.nodes = alike(64);
  peaks.nodes[40].read_alone = 50e9;
  std::vector<double> reads(4096, 2e9);
  reads[3000] = 1e9;
  for (int rank = 0; rank < 4096; ++rank) peaks.hosts.push_back("n" + std::to_string(rank / 64));
  peaks.rates.push_back({"read bandwidth", "B/s", reads});
  peaks.links.push_back({"within a node", 0, 1, 4e-7, 8e9});
  peaks.not_measured = {"durable writes: give --folder DIR"};
  const std::string text = peaks_text(peaks);
  CHECK(std::count(text.begin(), text.end(), '\n') < 50);
  for (const char* part : {"4096 ranks x 1 thread on 64 nodes", "8.19 TB/s", "2.00 GB/s", "1.00 GB/s  rank 3000 on n46",
                           "Slow: n40 (node of rank 160): read bandwidth alone is 0.5", "and 32 more",
                           "Messages within a node: 400 ns one way, 8.00 GB/s", "Not measured: durable writes"}) {
    INFO(part << "\n" << text);
    CHECK(text.find(part) != std::string::npos);
  }
  const Json json = peaks_json(peaks);
  CHECK(json["rates"][0]["slowest_rank"] == 3000);
  CHECK(json["outliers"][0]["host"] == "n40");
  CHECK(json["nodes"].size() == 64);
}
