#include "input/read_ahead.hpp"

#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "system/hdf5_write.hpp"

using namespace concdemo;

namespace {

Operand generated(std::uint64_t count) {
  Operand operand;
  operand.shape = {count};
  operand.fill = Fill::index;
  return operand;
}

// Takes all blocks of a range; their elements must be first, first + 1, ...
std::uint64_t count_in_order(const BlockPlan& plan, Range range) {
  ReadAhead ahead(plan, range);
  std::uint64_t at = range.begin;
  while (const auto block = ahead.next()) {
    REQUIRE(block->range.begin == at);
    const auto values = block->operands->front().doubles();
    REQUIRE(values.size() == block->range.size());
    for (const double value : values) REQUIRE(value == static_cast<double>(at++));
  }
  CHECK_FALSE(ahead.next().has_value());
  return at - range.begin;
}

}  // namespace

TEST_CASE("ReadAhead: blocks come in order, each element once, for any range and size of block") {
  for (const std::uint64_t elements : {1, 7, 100, 1000}) {
    const BlockPlan plan{elements, {generated(1000)}};
    for (const Range range : {Range{0, 0}, Range{5, 5}, Range{0, 1}, Range{3, 10}, Range{0, 1000}, Range{1, 999}}) {
      CHECK(count_in_order(plan, range) == range.size());
    }
  }
}

TEST_CASE("ReadAhead: may be left early, while it reads") {
  const BlockPlan plan{1 << 16, {generated(1 << 22)}};
  for (int taken = 0; taken < 4; ++taken) {
    ReadAhead ahead(plan, {0, 1 << 22});
    for (int i = 0; i < taken; ++i) REQUIRE(ahead.next().has_value());
  }
}

TEST_CASE("ReadAhead: what the reader meets is thrown by next, also again") {
  Operand missing = generated(100);
  missing.source = Operand::Source::file;
  missing.dataset.file = "/nonexistent/file.h5";
  missing.dataset.path = "/x";
  missing.dataset.shape = {100};
  missing.buffer_bytes = 1 << 20;
  const BlockPlan plan{10, {missing}};
  ReadAhead ahead(plan, {0, 100});
  CHECK_THROWS_AS(ahead.next(), Error);
  CHECK_THROWS_AS(ahead.next(), Error);
}

TEST_CASE("plan_blocks keeps within the buffers, and says what is needed where they are too small") {
  for (const std::uint64_t bytes : {std::uint64_t{1} << 20, std::uint64_t{64} << 20, std::uint64_t{1} << 30}) {
    for (const int outputs : {0, 1}) {
      const auto plan = plan_blocks({generated(1 << 30), generated(1 << 30)}, outputs, bytes);
      CHECK(plan.elements >= 4096);
      CHECK(plan.elements * 8 * blocks_in_memory * static_cast<std::uint64_t>(2 + outputs) <= bytes);
    }
  }
  CHECK_THROWS_WITH(plan_blocks({generated(1 << 20)}, 1, 1000), test::containing("--buffers"));
}

TEST_CASE("plan_blocks takes whole rows of chunks where they fit") {
  Operand operand = generated(0);
  operand.source = Operand::Source::file;
  operand.shape = {1000, 20000};
  operand.dataset.shape = operand.shape;
  operand.dataset.chunk = {10, 2000};
  operand.dataset.format = {ElementKind::signed_integer, 2, false};
  const auto plan = plan_blocks({operand}, 0, 64 << 20);
  CHECK(plan.elements % 200'000 == 0);
  CHECK(plan.operands.front().buffer_bytes >= 40'000);
  CHECK(plan.elements * 2 * blocks_in_memory + plan.operands.front().buffer_bytes <= 64 << 20);
}
