#include "fetch/retry.hpp"

#include <algorithm>
#include <cmath>

namespace concdemo::fetch {

bool worth_retrying(const http::Attempt& attempt) {
  switch (attempt.trouble) {
    case http::Trouble::timeout:
    case http::Trouble::connection: return true;
    case http::Trouble::status:
      return attempt.status == 408 || attempt.status == 429 || (attempt.status >= 500 && attempt.status < 600);
    default: return false;
  }
}

double wait_s(const RetryPolicy& policy, int attempt, double retry_after_s, std::uint64_t salt) {
  // Multiplication by an odd constant spreads neighbouring salts over the upper bits.
  const std::uint64_t mixed = (salt * 64 + static_cast<std::uint64_t>(attempt)) * 0x9e3779b97f4a7c15U;
  const double jitter = 0.75 + 0.5 * static_cast<double>(mixed >> 40) / 0x1p24;
  const double wait =
      std::min(std::ldexp(policy.first_wait_s, std::min(attempt - 1, 60)), policy.longest_wait_s) * jitter;
  return std::max(wait, std::min(retry_after_s, policy.longest_asked_s));
}

}  // namespace concdemo::fetch
