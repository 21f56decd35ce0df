#pragma once
#include <optional>
#include <string>
#include <vector>

#include "layout/sweep_plan.hpp"
#include "measure/measure.hpp"
#include "measure/rank_peaks.hpp"
#include "measure/usl.hpp"

// What a sweep found, and what follows from it: pure functions of the measured times.
namespace concdemo {

// One workload on one layout.
struct SweepPoint {
  SweepLayout layout;
  std::string size;  // as in --size
  double flops = 0;  // of one execution, and compulsory bytes
  double traffic_bytes = 0;
  std::vector<double> seconds;  // a round each, in order; empty: left out
};

struct SweptWorkload {
  std::string name;
  Bound bound = Bound::none;  // whose unit the rate has
  bool weak = false;          // sizes grow with the cores
  std::vector<SweepPoint> points;
};

// Of the whole allocation; 0: not measured.
struct Ceilings {
  double read_bytes_s = 0, copy_bytes_s = 0, flops_s = 0;
  double of(Bound bound) const;  // 0 for Bound::none
};

struct Interval {
  double low = 0, high = 0;
};
// Of the median, with at least 95 % confidence whatever the distribution: between two order statistics, by the binomial
// distribution (sign test). Nothing for fewer than six values.
std::optional<Interval> median_interval(std::vector<double> values);
constexpr int fewest_rounds = 6;

double rate(const SweptWorkload& workload, const SweepPoint& point);  // flop/s or B/s by the median; 0 when left out
// Rate a core over that on one core; 0 when either is missing.
double efficiency(const SweptWorkload& workload, const SweepPoint& point);
// Indices of the points that were measured, the fastest first.
std::vector<std::size_t> by_rate(const SweptWorkload& workload);

// The fastest layout. Another cannot be told from it when the interval of the ratio of rates, round by round, includes
// 1: it is as good when that holds for all between them too, else its own rounds scatter too much.
struct SweepVerdict {
  std::size_t best = 0;
  std::optional<std::size_t> runner_up;
  double ratio = 1;                  // best over runner-up, median of the rounds
  std::optional<Interval> interval;  // of that; nothing with too few rounds
  std::vector<std::size_t> as_good;  // others, the fastest first; with too few rounds none can be told
  std::vector<std::size_t> unclear;  // those that scatter too much
  bool beyond_noise() const { return interval && interval->low > 1; }
};
std::optional<SweepVerdict> judge_sweep(const SweptWorkload& workload);  // nothing when no point was measured

// The fastest layout of each number of cores, for the scaling model; ascending.
std::vector<CoreTime> times_by_cores(const SweptWorkload& workload);

}  // namespace concdemo
