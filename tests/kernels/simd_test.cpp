#include "kernels/simd.hpp"

#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("SIMD targets end in scalar and are selected by name") {
  const auto targets = simd_targets();
  REQUIRE(!targets.empty());
  CHECK(targets.back() == "scalar");
  for (const auto& target : targets) {
    CHECK(set_simd_target(target));
    CHECK(simd_target() == target);
    CHECK(simd_is_scalar() == (target == "scalar"));
    CHECK(simd_targets() == targets);  // a selection hides no other
  }
  for (const char* unknown : {"", "AVX2", "sse4", "avx9", "scalar "}) {
    CHECK(!set_simd_target(unknown));
    CHECK(simd_target() == "scalar");
  }
  CHECK(set_simd_target(targets.front()));
}
