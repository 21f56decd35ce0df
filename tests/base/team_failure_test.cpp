#include "base/team_failure.hpp"

#include <omp.h>

#include <stdexcept>
#include <string>

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("of a team's failures the one of the lowest item is kept, and those before it are begun") {
  for (int threads = 1; threads <= 3; ++threads) {
    TeamFailure failure;
    int before = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(+ : before)
    for (int i = 0; i < 200; ++i) {
      failure.attempt(static_cast<std::uint64_t>(i), [&] {
        if (i < 50) ++before;
        if (i >= 50 && i % 10 == 0) throw std::runtime_error(std::to_string(i));
      });
    }
    CHECK(before == 50);
    CHECK_THROWS_WITH(failure.rethrow(), "50");
  }
  TeamFailure none;
  none.attempt(0, [] {});
  CHECK_NOTHROW(none.rethrow());
}
