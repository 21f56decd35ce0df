#include "system/limits.hpp"

#include <sys/resource.h>

#include <cstdlib>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("as many descriptors as are asked for can be had, or the limit is named") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{64, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK_NOTHROW(limits::require_files(20, "a test"));
  CHECK_NOTHROW(limits::require_files(20, "a test"));  // they were given back
  CHECK_THROWS_WITH(limits::require_files(64, "a test"),
                    test::containing("ulimit -n is 64") && test::containing("a test"));
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("as many threads as are asked for can be had, or the limits are named") {
  CHECK_NOTHROW(limits::HeldThreads(0));
  CHECK_NOTHROW(limits::HeldThreads(20));
  setenv("OMP_STACKSIZE", "1000000 G", 1);  // more than there are addresses
  CHECK_THROWS_WITH(limits::HeldThreads(2), test::containing("0 of 2") && test::containing("ulimit -u is") &&
                                                test::containing("OMP_STACKSIZE is 1000000 G"));
  unsetenv("OMP_STACKSIZE");
}
