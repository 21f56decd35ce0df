#include "kernels/simd.hpp"

#include "kernels/highway.hpp"
// After it: the list of targets must be settled.
#include <hwy/targets.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdint>

namespace concdemo {
namespace {

constexpr std::int64_t fallback_targets = HWY_SCALAR | HWY_EMU128;

struct Target {
  std::string name;
  std::int64_t bit;
};

std::string name_of(std::int64_t bit) {
  if (bit == HWY_AVX3) return "avx512";
  std::string name = hwy::TargetName(bit);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

// Asked once, before the first selection hides what the CPU has.
const std::vector<Target>& vector_targets() {
  static const std::vector<Target> targets = [] {
    std::vector<Target> found;
    for (const std::int64_t bit : hwy::SupportedAndGeneratedTargets()) {
      if ((bit & fallback_targets) == 0) found.push_back({name_of(bit), bit});
    }
    return found;
  }();
  return targets;
}

// Index into vector_targets(); its size means scalar.
std::atomic<std::size_t>& selected() {
  static std::atomic<std::size_t> index = 0;
  return index;
}

}  // namespace

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const Target& target : vector_targets()) names.push_back(target.name);
  names.push_back("scalar");
  return names;
}

bool set_simd_target(std::string_view name) {
  const auto names = simd_targets();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return false;
  const auto index = static_cast<std::size_t>(found - names.begin());
  selected() = index;
  if (index < vector_targets().size()) hwy::SetSupportedTargetsForTest(vector_targets()[index].bit);
  return true;
}

std::string simd_target() { return simd_targets()[selected()]; }

bool simd_is_scalar() { return selected() >= vector_targets().size(); }

}  // namespace concdemo
