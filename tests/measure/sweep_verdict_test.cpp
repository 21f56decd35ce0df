#include "measure/sweep_verdict.hpp"

#include <random>

#include "measure/sweep_table.hpp"
#include "support/catch.hpp"

using namespace concdemo;

namespace {

SweptWorkload swept(std::vector<std::vector<double>> seconds) {
  SweptWorkload workload{"work", Bound::read, false, {}};
  const std::vector<SweepLayout> layouts{{1, 1, 4}, {1, 2, 2}, {1, 4, 1}, {1, 1, 1}};
  for (std::size_t i = 0; i < seconds.size(); ++i) workload.points.push_back({layouts[i], "8", 4e9, 8e9, seconds[i]});
  return workload;
}

const std::vector<double> steady(8, 1.0);

std::string shown(const SweptWorkload& workload) { return verdict_text(workload, {10e9, 20e9, 100e9}, {}); }

}  // namespace

TEST_CASE("the interval of a median lies between order statistics") {
  CHECK_FALSE(median_interval({1, 2, 3, 4, 5}));
  const auto six = median_interval({6, 1, 5, 2, 4, 3});
  REQUIRE(six);
  CHECK((six->low == 1 && six->high == 6));  // 1 - 2 / 64 = 0.969
  std::vector<double> many;
  for (int i = 1; i <= 20; ++i) many.push_back(i);
  const auto twenty = median_interval(many);
  REQUIRE(twenty);
  CHECK((twenty->low == 6 && twenty->high == 15));  // 0.959, the textbook's
  // It covers as often as it says, whatever the distribution.
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> skewed(0, 1);
  int covered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<double> values(9);
    for (double& value : values) value = skewed(random);
    const auto interval = median_interval(values);
    covered += interval->low <= 1 && 1 <= interval->high;
  }
  CHECK(covered >= 1900);
}

TEST_CASE("a margin beyond the noise, and one within it") {
  const auto clear =
      swept({steady, std::vector<double>(8, 1.1), std::vector<double>(8, 1.3), std::vector<double>(8, 3)});
  const auto verdict = judge_sweep(clear);
  REQUIRE(verdict);
  CHECK(verdict->best == 0);
  CHECK(*verdict->runner_up == 1);
  CHECK(std::abs(verdict->ratio - 1.1) < 1e-12);
  CHECK(verdict->beyond_noise());
  CHECK(verdict->as_good.empty());
  CHECK(shown(clear).find("10.0 % over the runner-up, 2 ranks x 2 threads, by the median of the rounds' ratios (95 % "
                          "confidence: +10.0 to +10.0 %): more than the noise") != std::string::npos);

  const auto noisy =
      swept({{1.0, 1.2, 0.9, 1.1, 1.0, 1.0}, {1.1, 1.0, 1.0, 1.0, 1.1, 1.05}, std::vector<double>(6, 1.6)});
  CHECK_FALSE(judge_sweep(noisy)->beyond_noise());
  CHECK(judge_sweep(noisy)->as_good == std::vector<std::size_t>{1});
  CHECK(shown(noisy).find("within the noise") != std::string::npos);
  CHECK(shown(noisy).find("as good within the noise: 2 ranks x 2 threads\n") != std::string::npos);
}

TEST_CASE("a layout whose own rounds scatter is not called as good as the fastest") {
  const auto scattered = swept({steady, std::vector<double>(8, 1.2), {3, 0.9, 3, 0.9, 3, 0.9, 3, 0.9}});
  CHECK(judge_sweep(scattered)->beyond_noise());
  CHECK(judge_sweep(scattered)->as_good.empty());
  CHECK(judge_sweep(scattered)->unclear == std::vector<std::size_t>{2});
  CHECK(shown(scattered).find("too scattered to tell from it: 4 ranks x 1 thread\n") != std::string::npos);
  CHECK(shown(scattered).find("as good") == std::string::npos);
  CHECK(sweep_table(scattered, {}).find("53.8 %") != std::string::npos);
  CHECK(sweep_table(swept({{1, 9}}), {}).find("80.0 %") != std::string::npos);
  CHECK(sweep_table(swept({{1, 1, 1, 1, 9}}), {}).find(">100 %") != std::string::npos);
}

TEST_CASE("drift that falls on all rounds alike hides no difference") {
  SweptWorkload drifting = swept({{}, {}});
  for (int round = 0; round < 8; ++round) {
    drifting.points[0].seconds.push_back(1.00 + 0.3 * round);
    drifting.points[1].seconds.push_back((1.00 + 0.3 * round) * 1.02);
  }
  CHECK(judge_sweep(drifting)->beyond_noise());
}

TEST_CASE("two layouts that are alike are rarely told apart") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(1, 0.03);
  int told_apart = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    SweptWorkload alike = swept({{}, {}, {}});
    for (SweepPoint& point : alike.points) {
      for (int round = 0; round < 8; ++round) point.seconds.push_back(noise(random));
    }
    told_apart += judge_sweep(alike)->beyond_noise();
  }
  CHECK(told_apart <= 50);
}

TEST_CASE("too few rounds, one layout, nothing at all") {
  CHECK(shown(swept({{1, 1}, {2, 2}})).find("whether that exceeds the noise takes 6 rounds") != std::string::npos);
  CHECK_FALSE(judge_sweep(swept({{1, 1}, {2, 2}}))->beyond_noise());
  CHECK(shown(swept({steady})).find("work: 1 rank x 4 threads is the only layout measured\n") == 0);
  CHECK(shown(swept({steady})).find("mpirun") == std::string::npos);
  CHECK(best_of_all({swept({steady}), swept({steady})}, {}).empty());
  CHECK(shown(swept({{}})) == "work: nothing was measured\n");
  CHECK(heat_map(swept({{}})).empty());
  CHECK(best_of_all({swept({{}}), swept({{}})}, {}).empty());
}

TEST_CASE("what limits a workload is the peak it comes nearer to") {
  const auto limit = [](double flops, double bytes) {
    auto workload = swept({steady});
    workload.points[0].flops = flops;
    workload.points[0].traffic_bytes = bytes;
    return shown(workload);
  };
  CHECK(limit(1e9, 9e9).find("memory-bound: 90 % of the read bandwidth and 1 % of the FMA peak") != std::string::npos);
  CHECK(limit(90e9, 2e9).find("compute-bound: 20 % of the read") != std::string::npos);
  CHECK(limit(1e9, 1e9).find("bound by neither") != std::string::npos);
}

TEST_CASE("efficiency, the table and the map") {
  auto workload =
      swept({std::vector<double>(6, 0.25), std::vector<double>(6, 0.5), std::vector<double>(6, 0.26), steady});
  CHECK(efficiency(workload, workload.points[0]) == 1);
  CHECK(efficiency(workload, workload.points[1]) == 0.5);
  CHECK(efficiency(swept({steady}), swept({steady}).points[0]) == 0);
  const auto table = sweep_table(workload, {32e9, 0, 0});
  CHECK(
      table.find("1 rank x 4 threads                           4    250 ms  0.0 %     32.0 GB/s   100 %       1.00") !=
      std::string::npos);
  const auto map = heat_map(workload);
  CHECK(map.find("\n       1 |   25-        100@\n       2 |         50+      \n       4 |   96@") !=
        std::string::npos);
  const auto times = times_by_cores(workload);
  REQUIRE(times.size() == 2);
  CHECK((times[1].cores == 4 && times[1].seconds == 0.25));
  // Weak scaling: the work grows with the cores, and its size is shown.
  workload.weak = true;
  workload.points[0].traffic_bytes *= 4;
  workload.points[0].seconds.assign(6, 1.25);
  CHECK(efficiency(workload, workload.points[0]) == 0.8);
  CHECK(sweep_table(workload, {}).find("0.80  8\n") != std::string::npos);
}
