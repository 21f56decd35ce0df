#include "lessons/mistake.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("lessons between ranks catch the broken one on any number of ranks, again and again") {
  const auto world = mpi::Comm::world();
  for (const char* name : {"head-to-head", "missing-rank", "buffer-reuse", "missing-rank"}) {
    const Mistake& mistake = find_mistake(name);
    REQUIRE(mistake.needs_ranks() == 2);
    if (world.size() < mistake.needs_ranks()) continue;  // refused by the command
    const RunMistake run{&mistake, mistake.between_ranks(world)};
    world.barrier();
    if (!world.is_root()) continue;
    INFO(verdict({run}).text);
    CHECK(!verdict({run}).failed());
    CHECK(!run.findings.broken.seen.empty());
  }
}
