#pragma once
// Every Highway kernel includes this before any <hwy/...> header, so that all of them are built for the same targets.
//
// Left out: x86 targets without a native FMA (Highway's MulAdd rounds twice there, which would change bits) and targets
// whose vectors have no size at compile time. A CPU that has only those runs the scalar paths (see simd.hpp); the
// fallback that Highway compiles in any case is never called: the smaller one, since the emulated vectors take clang
// three times as long as all other targets.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#ifndef HWY_BROKEN_EMU128
#define HWY_BROKEN_EMU128 1
#endif
