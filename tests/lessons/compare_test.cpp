#include "lessons/compare.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"

using namespace concdemo;
using Where = SmallestTask::Where;

namespace {

bool near(double value, double expected) { return std::abs(value / expected - 1) < 1e-5; }

}  // namespace

TEST_CASE("the smallest task is interpolated in the logarithm of the size") {
  const SmallestTask found = smallest_task({1, 10, 100, 1000}, {0.1, 0.4, 0.6, 0.9});
  CHECK(found.where == Where::at);
  CHECK(near(found.us, 31.6228));
  CHECK(near(smallest_task({1, 100}, {0.0, 0.5}).us, 100));
}

TEST_CASE("the smallest task may be below or beyond what was measured") {
  CHECK(smallest_task({1, 10}, {0.5, 0.9}).where == Where::below);
  CHECK(smallest_task({1, 10}, {0.1, 0.4999}).where == Where::never);
  CHECK(smallest_task({5}, {0.7}).where == Where::below);
  CHECK(smallest_task({}, {}).where == Where::never);
}

TEST_CASE("a way that was good at a small size by chance is judged by the larger ones") {
  CHECK(smallest_task({1, 10, 100}, {0.9, 0.9, 0.3}).where == Where::never);
  const SmallestTask found = smallest_task({1, 10, 100}, {0.9, 0.1, 0.9});
  CHECK(found.where == Where::at);
  CHECK(near(found.us, 31.6228));
}

TEST_CASE("efficiencies that are no number count as none") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(near(smallest_task({1, 10}, {nan, 1}).us, 3.16228));
  CHECK(smallest_task({1, 10}, {1, nan}).where == Where::never);
}
