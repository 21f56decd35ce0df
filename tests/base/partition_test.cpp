#include "base/partition.hpp"

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("parts cover the range in order and differ by at most one") {
  for (const std::uint64_t count : {0u, 1u, 7u, 97u, 1000u}) {
    for (const std::uint64_t parts : {1u, 2u, 3u, 8u, 101u}) {
      std::uint64_t next = 0;
      for (std::uint64_t i = 0; i < parts; ++i) {
        const Range range = part_of(count, parts, i);
        REQUIRE(range.begin == next);
        REQUIRE(range.size() >= count / parts);
        REQUIRE(range.size() <= count / parts + 1);
        next = range.end;
      }
      REQUIRE(next == count);
    }
  }
}
