#include "system/floating_point.hpp"

#include <cfenv>
#include <limits>

#include "base/error.hpp"

namespace concdemo {

void require_ieee_arithmetic() {
  volatile double smallest = std::numeric_limits<double>::denorm_min();
  volatile double two = 2;
  if (std::fegetround() == FE_TONEAREST && smallest * two > 0 && std::numeric_limits<double>::min() / two > 0) return;
  throw system_error(
      "this process does not round to nearest or flushes subnormals to zero: a library built with -ffast-math is "
      "loaded; "
      "build and link without it");
}

}  // namespace concdemo
