#include "workloads/sweep.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("a layout that gives another result is an error that names both") {
  SameResults results;
  const Json one{{"sum", {{"value", 1.0}, {"bits", "3ff0000000000000"}}}};
  const Json next{{"sum", {{"value", 1.0}, {"bits", "3ff0000000000001"}}}};
  results.add("sum of size 8", {1, 1, 2}, one);
  results.add("sum of size 8", {1, 1, 2}, one);  // the same layout again proves nothing
  CHECK(results.compared() == 0);
  results.add("sum of size 8", {1, 2, 1}, one);
  CHECK(results.compared() == 1);
  results.add("sum of size 16", {1, 2, 1}, next);
  try {
    results.add("sum of size 8", {1, 1, 1}, next);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code == ExitCode::verification);
    const std::string text = error.what();
    for (const char* word : {"sum of size 8", "1 rank x 2 threads", "1 rank x 1 thread", "3ff0000000000001"}) {
      INFO(word);
      CHECK(text.find(word) != std::string::npos);
    }
  }
}
