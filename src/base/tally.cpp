#include "base/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/text.hpp"

namespace concdemo::tally {
namespace {

std::atomic<std::uint64_t> all = 0;
std::atomic<std::uint64_t> so_far = 0;
std::atomic<Unit> counted = Unit::none;

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void begin(std::uint64_t total, Unit unit) {
  all.store(0, relaxed);
  so_far.store(0, relaxed);
  counted.store(unit, relaxed);
  all.store(total, relaxed);
}

void add(Unit unit, std::uint64_t done) {
  if (counted.load(relaxed) == unit) so_far.fetch_add(done, relaxed);
}

std::string text() {
  const auto total = all.load(relaxed);
  if (total == 0) return "";
  const auto done = std::min(so_far.load(relaxed), total);
  switch (counted.load(relaxed)) {
    case Unit::blocks: return fmt::format("{} of {} blocks", done, total);
    case Unit::steps: return fmt::format("{} of {} steps", done, total);
    case Unit::bytes: return fmt::format("{} of {}", format_bytes(done), format_bytes(total));
    case Unit::none: break;
  }
  return "";
}

}  // namespace concdemo::tally
