#include "fetch/retry.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "support/catch.hpp"

using namespace concdemo;
using namespace concdemo::fetch;

TEST_CASE("what passes is tried again, what does not is not") {
  const auto status = [](long code) { return http::Attempt{http::Trouble::status, "", code, 0}; };
  for (const long code : {408, 429, 500, 502, 503, 504, 599}) CHECK(worth_retrying(status(code)));
  for (const long code : {204, 301, 400, 401, 403, 404, 410, 600}) CHECK_FALSE(worth_retrying(status(code)));
  CHECK(worth_retrying({http::Trouble::timeout, "", 0, 0}));
  CHECK(worth_retrying({http::Trouble::connection, "", 200, 0}));
  CHECK_FALSE(worth_retrying({http::Trouble::other, "", 0, 0}));
  CHECK_FALSE(worth_retrying({http::Trouble::sink, "", 200, 0}));
  CHECK_FALSE(worth_retrying({}));
}

TEST_CASE("waits double up to a bound, spread out, and no shorter than asked") {
  const RetryPolicy policy;
  std::set<double> different;
  for (std::uint64_t salt = 0; salt < 100; ++salt) {
    for (int attempt = 1; attempt < 100; ++attempt) {
      const double plain = std::min(0.5 * std::pow(2.0, attempt - 1), 30.0);
      const double wait = wait_s(policy, attempt, 0, salt);
      CHECK(wait >= 0.75 * plain);
      CHECK(wait < 1.25 * plain);
      CHECK(wait == wait_s(policy, attempt, 0, salt));
    }
    different.insert(wait_s(policy, 1, 0, salt));
  }
  CHECK(different.size() > 90);
  CHECK(wait_s(policy, 1, 7, 0) == 7);
  CHECK(wait_s(policy, 1, 3600, 0) == 60);
  CHECK(wait_s(policy, 5, 1, 0) > 5);
}
