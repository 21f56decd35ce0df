#include "measure/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "layout/placement_text.hpp"

namespace concdemo {
namespace {

const char* unit(Bound bound) { return bound == Bound::fma ? "flop/s" : "B/s"; }

std::string line_of(const SweptWorkload& workload, const SweepPoint& point, const Ceilings& ceilings) {
  const double seconds = median(point.seconds), value = rate(workload, point);
  const auto [least, most] = std::minmax_element(point.seconds.begin(), point.seconds.end());
  const double spread = 50 * (*most - *least) / seconds;
  const double ceiling = ceilings.of(workload.bound), effect = efficiency(workload, point);
  return fmt::format(
      "  {:<40} {:>5} {:>9} {:>6} {:>13} {:>7} {:>10}{}\n", to_text(point.layout), point.layout.cores(),
      format_seconds(seconds), spread < 100 ? fmt::format("{:.1f} %", spread) : ">100 %",
      format_rate(value, unit(workload.bound)), ceiling > 0 ? fmt::format("{:.0f} %", 100 * value / ceiling) : "-",
      effect > 0 ? fmt::format("{:.2f}", effect) : "-", workload.weak ? fmt::format("  {}", point.size) : "");
}

// What limits the workload on its best layout: the peak of which it reaches the larger share, if that is half at least.
std::string limit_text(const SweptWorkload& workload, const SweepPoint& best, const Ceilings& ceilings) {
  const double seconds = median(best.seconds);
  const double memory_peak = workload.bound == Bound::copy ? ceilings.copy_bytes_s : ceilings.read_bytes_s;
  if (!(seconds > 0) || !(memory_peak > 0) || !(ceilings.flops_s > 0)) return "";
  const double memory = best.traffic_bytes / seconds / memory_peak,
               arithmetic = best.flops / seconds / ceilings.flops_s;
  const char* what = std::max(memory, arithmetic) < 0.5 ? "bound by neither memory nor arithmetic"
                     : memory >= arithmetic             ? "memory-bound"
                                                        : "compute-bound";
  return fmt::format("  {}: {:.0f} % of the {} bandwidth and {:.0f} % of the FMA peak{}\n", what, 100 * memory,
                     workload.bound == Bound::copy ? "copy" : "read", 100 * arithmetic,
                     memory > 1.05 ? " (in part from caches)" : "");
}

std::string layouts_text(const char* what, const SweptWorkload& workload, const std::vector<std::size_t>& points) {
  if (points.empty()) return "";
  std::string text = fmt::format("  {}:", what);
  constexpr std::size_t most = 6;
  for (std::size_t i = 0; i < std::min(most, points.size()); ++i) {
    text += fmt::format("{} {}", i > 0 ? ";" : "", to_text(workload.points[points[i]].layout));
  }
  if (points.size() > most) text += fmt::format("; and {} more", points.size() - most);
  return text + "\n";
}

std::string margin_text(const SweptWorkload& workload, const SweepVerdict& verdict) {
  const std::string other = to_text(workload.points[*verdict.runner_up].layout);
  // Not the quotient of the table's medians: what disturbs a round disturbs both of its times.
  std::string text = fmt::format("  {:.1f} % over the runner-up, {}, by the median of the rounds' ratios",
                                 100 * (verdict.ratio - 1), other);
  if (!verdict.interval) {
    return text + fmt::format("; whether that exceeds the noise takes {} rounds\n", fewest_rounds);
  }
  text += fmt::format(" (95 % confidence: {:+.1f} to {:+.1f} %): {}\n", 100 * (verdict.interval->low - 1),
                      100 * (verdict.interval->high - 1),
                      verdict.beyond_noise() ? "more than the noise" : "within the noise");
  return text + layouts_text("as good within the noise", workload, verdict.as_good) +
         layouts_text("too scattered to tell from it", workload, verdict.unclear);
}

std::string launch_text(const Allocation& allocation, const SweepLayout& layout) {
  return launch_text(launch_of(allocation, layout));
}

}  // namespace

std::string sweep_table(const SweptWorkload& workload, const Ceilings& ceilings, std::size_t most) {
  std::string text = fmt::format("  {:<40} {:>5} {:>9} {:>6} {:>13} {:>7} {:>10}{}\n", workload.name, "cores", "time",
                                 "+-", "rate", "of peak", "efficiency", workload.weak ? "  size" : "");
  const auto order = by_rate(workload);
  for (std::size_t i = 0; i < std::min(most, order.size()); ++i)
    text += line_of(workload, workload.points[order[i]], ceilings);
  if (order.size() > most) text += fmt::format("  ... and {} slower ones\n", order.size() - most);
  return text;
}

std::string heat_map(const SweptWorkload& workload) {
  std::map<std::pair<int, int>, double> rates;
  std::set<int> ranks, threads;
  int nodes = 1;
  for (const SweepPoint& point : workload.points) {
    if (!point.seconds.empty()) nodes = std::max(nodes, point.layout.nodes);
  }
  double best = 0;
  for (const SweepPoint& point : workload.points) {
    if (point.seconds.empty() || point.layout.nodes != nodes) continue;
    ranks.insert(point.layout.ranks_per_node);
    threads.insert(point.layout.threads);
    const double value = rate(workload, point);
    rates[{point.layout.ranks_per_node, point.layout.threads}] = value;
    best = std::max(best, value);
  }
  if (rates.size() < 2 || !(best > 0)) return "";
  std::string text =
      fmt::format("  {} by ranks{} (down) and threads (across), % of the best: @ above 80, # 60, + 40, - 20\n  {:>6} |",
                  workload.name, nodes > 1 ? " a node" : "", "");
  for (const int t : threads) text += fmt::format("{:>6}", t);
  text += "\n";
  for (const int r : ranks) {
    text += fmt::format("  {:>6} |", r);
    for (const int t : threads) {
      const auto found = rates.find({r, t});
      if (found == rates.end()) {
        text += "      ";
        continue;
      }
      const double share = found->second / best;
      const char shade = ".-+#@"[std::clamp(static_cast<int>(std::ceil(share * 5)) - 1, 0, 4)];
      text += fmt::format("{:>5.0f}{}", 100 * share, shade);
    }
    text += "\n";
  }
  return text;
}

std::string verdict_text(const SweptWorkload& workload, const Ceilings& ceilings, const Allocation& allocation) {
  const auto verdict = judge_sweep(workload);
  if (!verdict) return fmt::format("{}: nothing was measured\n", workload.name);
  const SweepPoint& best = workload.points[verdict->best];
  if (!verdict->runner_up) {  // nothing to compare with, nothing to advise
    return fmt::format("{}: {} is the only layout measured\n", workload.name, to_text(best.layout)) +
           limit_text(workload, best, ceilings);
  }
  std::string text = fmt::format("{}: fastest as {}\n", workload.name, to_text(best.layout));
  text += margin_text(workload, *verdict);
  text += limit_text(workload, best, ceilings);
  if (!workload.weak) text += fmt::format("  {}\n", scalability_text(times_by_cores(workload)));
  return text + launch_text(allocation, best.layout);
}

std::string best_of_all(const std::vector<SweptWorkload>& workloads, const Allocation& allocation) {
  const auto is_compared = [](const SweptWorkload& workload) {
    const auto verdict = judge_sweep(workload);
    return verdict && verdict->runner_up;
  };
  if (workloads.size() < 2 || !std::all_of(workloads.begin(), workloads.end(), is_compared)) return "";
  std::optional<SweepLayout> best;
  double best_mean = 0;
  for (const SweepPoint& candidate : workloads.front().points) {
    double logarithms = 0;
    for (const SweptWorkload& workload : workloads) {
      double most = 0, own = 0;
      for (const SweepPoint& point : workload.points) {
        most = std::max(most, rate(workload, point));
        if (point.layout == candidate.layout) own = rate(workload, point);
      }
      logarithms += std::log(own / most);  // -inf where it was left out, NaN where all were
    }
    const double mean = std::exp(logarithms / static_cast<double>(workloads.size()));
    if (!(mean > best_mean)) continue;
    best_mean = mean;
    best = candidate.layout;
  }
  if (!best) return "";
  return fmt::format("All {} together: {}, at {:.0f} % of the best of each (geometric mean)\n", workloads.size(),
                     to_text(*best), 100 * best_mean) +
         launch_text(allocation, *best);
}

std::string missing_text(const Allocation& allocation, const SweepPlan& plan) {
  if (plan.unformable.empty() && allocation.cores_left_out == 0) return "";
  std::string text = "Not measured in this launch:";
  if (allocation.cores_left_out > 0) {
    text += fmt::format(" {} that no rank was given, or that only some nodes have;",
                        counted(allocation.cores_left_out, "core"));
  }
  for (const SweepLayout& layout : plan.unformable) text += fmt::format(" {};", to_text(layout));
  text.back() = '.';
  const Advice launch = launch_of_sweep(allocation);
  return text +
         fmt::format(" One rank a core can form every layout:\n  {} concdemo sweep ...\n  or {} concdemo sweep ...\n",
                     launch.mpirun, launch.srun);
}

}  // namespace concdemo
