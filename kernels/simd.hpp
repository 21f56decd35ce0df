#pragma once
#include <string>
#include <string_view>
#include <vector>

// Which instruction set the vector kernels use, for the whole process. Bits of exact results do not depend on it.
namespace concdemo {

// Names of what this CPU and build support, best first, e.g. avx512, avx2, scalar. "scalar" is always the last: our own
// plain C++ paths, without Highway.
std::vector<std::string> simd_targets();

// Selects one of simd_targets(); false, and no change, for any other name. The best one is selected at the start.
// To be called before kernels run, not beside them.
bool set_simd_target(std::string_view name);

std::string simd_target();  // the selected one
bool simd_is_scalar();      // a kernel asks this before it dispatches to Highway

}  // namespace concdemo
