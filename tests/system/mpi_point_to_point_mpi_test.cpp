#include "system/mpi_point_to_point.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

// Around a ring, which at one rank is the rank itself.
TEST_CASE("a synchronous send is done when it is received, not before") {
  const auto world = mpi::Comm::world();
  const int next = (world.rank() + 1) % world.size();
  const int previous = (world.rank() + world.size() - 1) % world.size();
  const std::vector<int> mine(100'000, world.rank());
  std::vector<int> theirs(mine.size(), -1);
  mpi::Request send = mpi::issend(world, mine, next);
  CHECK(!send.done_within(0.05));
  world.barrier();
  mpi::Request receive = mpi::irecv(world, theirs, previous);
  receive.wait();
  CHECK(send.done_within(30));
  CHECK(send.done_within(0));  // and stays done
  CHECK(theirs == std::vector<int>(mine.size(), previous));
}

TEST_CASE("plain sends, exchanges and sums arrive") {
  const auto world = mpi::Comm::world();
  const int partner = world.rank() ^ 1;
  if (partner < world.size()) {
    const std::vector<int> mine{world.rank(), 7};
    std::vector<int> theirs(2);
    mpi::sendrecv(world, mine, theirs, partner);
    CHECK(theirs == std::vector<int>{partner, 7});
    std::vector<int> again(2);
    mpi::Request send = mpi::isend(world, mine, partner);
    mpi::irecv(world, again, partner).wait();
    send.wait();
    CHECK(again == theirs);
  }
  const int mine = world.rank() + 1;
  int sum = 0;
  mpi::iallreduce_sum(world, mine, sum).wait();
  CHECK(sum == world.size() * (world.size() + 1) / 2);
}
