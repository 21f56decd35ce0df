#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// A floating-point result in a record: value null when not finite; bits are authoritative.
inline Json number(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  Json json;
  json["value"] = std::isfinite(value) ? Json(value) : Json(nullptr);
  json["bits"] = hex16(value);
  return json;
}

// A count in a record: a string beyond 2^53, which JSON readers would round.
inline Json whole(std::uint64_t count) {
  return count <= (std::uint64_t{1} << 53) ? Json(count) : Json(std::to_string(count));
}

// Equal bits, every NaN being the same.
inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b));
}

// Whether a plain result is as near to the exact one as `roundings` roundings of terms that add up to `magnitude`
// allow, underflow included. Beyond the range anything goes: the textbook loop overflows where the exact one does not.
inline bool plausible(double plain, double exact, double roundings, double magnitude) {
  const double bound = 2 * roundings * (0x1p-53 * magnitude + 0x1p-1074);
  if (!std::isfinite(bound) || std::isnan(exact)) return !std::isfinite(plain) || !std::isfinite(bound);
  return same_bits(plain, exact) || std::abs(plain - exact) <= bound;
}

}  // namespace concdemo
