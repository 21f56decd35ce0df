#include "base/shape.hpp"

#include <fmt/ranges.h>

#include <limits>

#include "base/error.hpp"

namespace concdemo {

std::uint64_t element_count(const Shape& shape) {
  constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    if (extent == 0) return 0;
    if (count > limit / extent) throw usage_error("shape " + to_text(shape) + " has more than 2^63 elements");
    count *= extent;
  }
  return count;
}

std::string to_text(const Shape& shape) { return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x")); }

}  // namespace concdemo
