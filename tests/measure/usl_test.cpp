#include "measure/usl.hpp"

#include <cmath>
#include <random>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

double law(double base, double sigma, double kappa, int n) {
  return base * (1 + sigma * (n - 1) + kappa * n * (n - 1)) / n;
}

std::vector<CoreTime> times_of(double sigma, double kappa, const std::vector<int>& counts) {
  std::vector<CoreTime> times;
  for (const int n : counts) times.push_back({n, law(10, sigma, kappa, n)});
  return times;
}

}  // namespace

TEST_CASE("known parameters come out of times that follow the law") {
  for (const double sigma : {0.0, 1e-4, 0.02, 0.3}) {
    for (const double kappa : {0.0, 1e-7, 1e-4, 0.01}) {
      INFO(sigma << " " << kappa);
      const auto model = ScalabilityModel::fit(times_of(sigma, kappa, {1, 2, 4, 8, 64, 4096}));
      REQUIRE(model);
      CHECK(std::abs(model->sigma.value - sigma) < 1e-6);
      CHECK(std::abs(model->kappa.value - kappa) < 1e-9);
      CHECK(std::abs(model->seconds(8192).value / law(10, sigma, kappa, 8192) - 1) < 1e-3);
    }
  }
  const auto model = ScalabilityModel::fit(times_of(0.05, 1e-4, {1, 2, 4, 8, 16, 32}));
  REQUIRE(model->best());
  CHECK(std::abs(*model->best() - std::sqrt(0.95 / 1e-4)) < 0.01);
  CHECK(std::abs(model->seconds(128).value / law(10, 0.05, 1e-4, 128) - 1) < 1e-6);
}

TEST_CASE("95 % intervals cover the truth in 95 % of noisy sweeps, and no more than they should miss") {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0, 0.02);
  constexpr int trials = 4000;
  for (const auto& counts : {std::vector<int>{1, 2, 4, 8, 16}, std::vector<int>{1, 2, 3, 4, 6, 8, 12, 16, 24, 32}}) {
    int sigma_covered = 0, kappa_covered = 0, time_covered = 0;
    for (int trial = 0; trial < trials; ++trial) {
      auto times = times_of(0.08, 0.002, counts);
      for (CoreTime& time : times) time.seconds *= 1 + noise(random);
      const auto model = ScalabilityModel::fit(times);
      REQUIRE(model);
      const auto covers = [](const Estimate& e, double truth) { return e.low <= truth && truth <= e.high; };
      const int twice = 2 * counts.back();
      sigma_covered += covers(model->sigma, 0.08);
      kappa_covered += covers(model->kappa, 0.002);
      time_covered += covers(model->seconds(twice), law(10, 0.08, 0.002, twice));
    }
    for (const int covered : {sigma_covered, kappa_covered, time_covered}) {
      INFO(counts.size() << " counts: " << covered << " of " << trials);
      CHECK(covered >= trials * 94 / 100);
      CHECK(covered <= trials * 96 / 100);
    }
  }
}

TEST_CASE("values stay at 0 or more where noise says less") {
  // Faster than linear: both would be negative.
  const auto model = ScalabilityModel::fit({{1, 10}, {2, 4.9}, {4, 2.4}, {8, 1.15}, {16, 0.55}});
  REQUIRE(model);
  CHECK(model->sigma.value == 0);
  CHECK(model->kappa.value == 0);
  CHECK(model->sigma.low == 0);
  CHECK_FALSE(model->best());
}

TEST_CASE("no model of too few core counts, or of times that are none") {
  CHECK_FALSE(ScalabilityModel::fit({}));
  CHECK_FALSE(ScalabilityModel::fit(times_of(0.1, 0, {1, 2, 4, 8})));
  CHECK_FALSE(ScalabilityModel::fit(times_of(0.1, 0, {1, 2, 4, 8, 8, 8})));
  CHECK_FALSE(ScalabilityModel::fit({{1, 1}, {2, 1}, {3, 0}, {4, 1}, {5, 1}}));
  CHECK_FALSE(ScalabilityModel::fit({{1, 1}, {2, 1}, {3, std::nan("")}, {4, 1}, {5, 1}}));
  CHECK(scalability_text(times_of(0.1, 0, {1, 2, 4, 8})) ==
        "no scaling model: it takes 5 numbers of cores, and there are 4");
  CHECK(scalability_text({{1, 1}}) == "no scaling model: it takes 5 numbers of cores, and there is 1");
  const auto text = scalability_text(times_of(0.1, 1e-3, {1, 2, 4, 8, 16}));
  CHECK(text.find("sigma 0.1 (0.1 to 0.1), kappa 0.001") != std::string::npos);
  CHECK(text.find("fastest on 30 cores; extrapolated to 32 cores: ") != std::string::npos);
  CHECK(text.find("extrapolated to 64 cores: ") != std::string::npos);
  CHECK(scalability_text(times_of(0.1, 1e-9, {1, 2, 4, 8, 16})).find("faster up to more than 256 cores") !=
        std::string::npos);
}
