#pragma once
#include <cstdint>

#include "system/http_download.hpp"

namespace concdemo::fetch {

struct RetryPolicy {
  int retries = 3;            // attempts after the first
  double first_wait_s = 0.5;  // doubles with every attempt
  double longest_wait_s = 30;
  double longest_asked_s = 60;  // a server that asks for more (Retry-After) gets this
};

// Time-outs, lost or refused connections, 408, 429 and 5xx pass; a 404 or a bad certificate does not.
bool worth_retrying(const http::Attempt& attempt);

// Seconds to wait after the attempt-th (from 1) failed: exponential, times a factor from 0.75 to 1.25 that differs by
// `salt`, so that many transfers do not come back at the same moment; at least what the server asked for.
double wait_s(const RetryPolicy& policy, int attempt, double retry_after_s, std::uint64_t salt);

}  // namespace concdemo::fetch
