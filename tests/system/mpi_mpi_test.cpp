#include "system/mpi.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "system/mpi_pending.hpp"

using namespace concdemo;

TEST_CASE("the least, the most and the sum of unsigned numbers over the whole range") {
  const auto comm = mpi::Comm::world();
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  constexpr auto half = std::uint64_t{1} << 63;
  const auto last = static_cast<std::uint64_t>(comm.size()) - 1;
  const auto rank = static_cast<std::uint64_t>(comm.rank());
  const bool is_last = rank == last;
  CHECK(comm.min(is_last ? 0 : largest) == 0);
  CHECK(comm.max(is_last ? largest : 0) == largest);
  CHECK(comm.min(half - 1 + rank) == half - 1);
  CHECK(comm.max(half - 1 + rank) == half - 1 + last);
  CHECK(comm.sum(is_last ? largest : 0) == largest);

  auto pending = mpi::PendingReduction::min(comm, {is_last ? 0 : largest, half + rank, largest});
  for (int i = 0; i < 2; ++i) {  // waiting again gives the same
    const auto least = pending.wait();
    CHECK(std::vector(least.begin(), least.end()) == std::vector<std::uint64_t>{0, half, largest});
  }
}
