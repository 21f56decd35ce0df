#pragma once
#include "kernels/simd.hpp"
#include "support/catch.hpp"

namespace concdemo::test {

// Runs check() with each SIMD target selected; afterwards it is the best one again.
template <class Check>
void on_every_target(const Check& check) {
  struct Best {
    ~Best() { set_simd_target(simd_targets().front()); }
  } const afterwards;
  for (const auto& target : simd_targets()) {
    REQUIRE(set_simd_target(target));
    INFO("target " << target);
    check();
  }
}

}  // namespace concdemo::test
