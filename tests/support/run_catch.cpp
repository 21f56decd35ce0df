// Catch2's own code, compiled once for all test programs: in version 2 it is in this header.
#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include "support/run_catch.hpp"

#include "support/catch.hpp"

namespace concdemo {

int run_catch(int argc, char** argv) { return Catch::Session().run(argc, argv); }

}  // namespace concdemo
