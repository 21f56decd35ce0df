#include "base/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace concdemo::tally {
namespace {

std::atomic<std::uint64_t> all = 0;
std::atomic<std::uint64_t> so_far = 0;
std::atomic<const char*> things = "";

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void begin(std::uint64_t total, const char* unit) {
  all.store(0, relaxed);
  so_far.store(0, relaxed);
  things.store(unit, relaxed);
  all.store(total, relaxed);
}

void add(std::uint64_t done) { so_far.fetch_add(done, relaxed); }

std::string text() {
  const auto total = all.load(relaxed);
  if (total == 0) return "";
  return fmt::format("{} of {} {}", std::min(so_far.load(relaxed), total), total, things.load(relaxed));
}

}  // namespace concdemo::tally
