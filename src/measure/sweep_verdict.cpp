#include "measure/sweep_verdict.hpp"

#include <algorithm>
#include <map>

namespace concdemo {
namespace {

double amount(Bound bound, const SweepPoint& point) { return bound == Bound::fma ? point.flops : point.traffic_bytes; }

}  // namespace

double Ceilings::of(Bound bound) const {
  switch (bound) {
    case Bound::read: return read_bytes_s;
    case Bound::copy: return copy_bytes_s;
    case Bound::fma: return flops_s;
    case Bound::none: break;
  }
  return 0;
}

std::optional<Interval> median_interval(std::vector<double> values) {
  const std::size_t n = values.size();
  if (n < static_cast<std::size_t>(fewest_rounds)) return {};
  std::sort(values.begin(), values.end());
  // The median is below the smallest k or above the largest k values with probability 2 P(Binomial(n, 1/2) < k).
  double term = 1;
  for (std::size_t i = 0; i < n; ++i) term /= 2;  // P(Binomial = 0)
  double tail = term;
  std::size_t k = 1;
  while (k < n) {
    term *= static_cast<double>(n - k + 1) / static_cast<double>(k);  // P(Binomial = k)
    if (2 * (tail + term) > 0.05) break;
    tail += term;
    ++k;
  }
  return Interval{values[k - 1], values[n - k]};
}

double rate(const SweptWorkload& workload, const SweepPoint& point) {
  const double seconds = median(point.seconds);
  return seconds > 0 ? amount(workload.bound, point) / seconds : 0;
}

double efficiency(const SweptWorkload& workload, const SweepPoint& point) {
  for (const SweepPoint& serial : workload.points) {
    if (serial.layout.cores() != 1 || serial.seconds.empty()) continue;
    return rate(workload, point) / point.layout.cores() / rate(workload, serial);
  }
  return 0;
}

std::vector<std::size_t> by_rate(const SweptWorkload& workload) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < workload.points.size(); ++i) {
    if (!workload.points[i].seconds.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rate(workload, workload.points[a]) > rate(workload, workload.points[b]);
  });
  return order;
}

std::optional<SweepVerdict> judge_sweep(const SweptWorkload& workload) {
  const std::vector<std::size_t> order = by_rate(workload);
  if (order.empty()) return {};
  SweepVerdict verdict;
  verdict.best = order.front();
  const SweepPoint& best = workload.points[verdict.best];
  for (std::size_t i = 1; i < order.size(); ++i) {
    const SweepPoint& other = workload.points[order[i]];
    std::vector<double> ratios;
    const double work = amount(workload.bound, best) / amount(workload.bound, other);
    for (std::size_t round = 0; round < std::min(best.seconds.size(), other.seconds.size()); ++round) {
      ratios.push_back(work * other.seconds[round] / best.seconds[round]);
    }
    const auto interval = median_interval(ratios);
    if (i == 1) {
      verdict.runner_up = order[i];
      verdict.ratio = median(ratios);
      verdict.interval = interval;
    }
    if (!interval || interval->low > 1) continue;
    (verdict.as_good.size() + 1 == i ? verdict.as_good : verdict.unclear).push_back(order[i]);
  }
  return verdict;
}

std::vector<CoreTime> times_by_cores(const SweptWorkload& workload) {
  std::map<int, double> best;
  for (const SweepPoint& point : workload.points) {
    if (point.seconds.empty()) continue;
    const double seconds = median(point.seconds);
    const auto [place, is_new] = best.try_emplace(point.layout.cores(), seconds);
    if (!is_new) place->second = std::min(place->second, seconds);
  }
  std::vector<CoreTime> times;
  for (const auto& entry : best) times.push_back({entry.first, entry.second});
  return times;
}

}  // namespace concdemo
