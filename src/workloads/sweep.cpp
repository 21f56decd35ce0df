#include "workloads/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "system/topology.hpp"
#include "workloads/problem.hpp"
#include "workloads/run_report.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t seed = 1;

// One point under way; what is measured counts on rank 0.
struct Visited {
  std::size_t item = 0, point = 0;
  double elements = 0;   // of its operands
  double wall_s = 0;     // of the last visit
  std::string left_out;  // why there are no more visits
};

// What rank 0 tells all to do next.
struct Step {
  int visit = -1;  // index; -1: nothing
  int repeat = 1;
};

Problem problem_of(const SweepItem& item, const SweepLayout& layout, bool weak) {
  Shape size = item.size;
  if (weak) {
    const auto cores = static_cast<std::uint64_t>(layout.cores());
    std::uint64_t grown = 0;
    if (__builtin_mul_overflow(size.front(), cores, &grown)) throw usage_error("--weak: the size exceeds 2^64");
    size.front() = grown;
  }
  return generated_problem(*item.workload, size, seed, Fill::uniform);
}

Layout describe(const SweepLayout& layout, const mpi::Comm& active) {
  Layout described;
  described.nodes = layout.nodes;
  described.ranks = active.size();
  described.threads = layout.threads;
  for (const std::string& host : active.gather(host_name())) {
    described.places.push_back({host, static_cast<int>(described.places.size()), layout.threads, ""});
  }
  return described;
}

class Campaign {
 public:
  Campaign(Formation& formation, const mpi::Comm& world, const SweepPlan& plan, const SweepOptions& options,
           const PointSink& sink, Progress& progress)
      : formation_(formation), world_(world), plan_(plan), options_(options), sink_(sink), progress_(progress) {
    for (std::size_t i = 0; i < options.items.size(); ++i) {
      SweptWorkload swept{std::string(options.items[i].workload->name), Bound::none, options.weak, {}};
      for (std::size_t p = 0; p < plan.layouts.size(); ++p) {
        const Problem problem = problem_of(options.items[i], plan.layouts[p], options.weak);
        const Cost cost = options.items[i].workload->cost(problem);
        swept.bound = cost.bound;
        swept.points.push_back({plan.layouts[p], size_text(problem.size), cost.flops, cost.traffic_bytes, {}});
        double elements = 0;
        for (const Operand& operand : problem.operands) elements += static_cast<double>(element_count(operand.shape));
        visits_.push_back({i, p, elements, 0, ""});
      }
      sweep_.workloads.push_back(std::move(swept));
    }
  }

  Sweep run() {
    measure_ceilings();
    for (int round = 0; round < options_.rounds; ++round) {
      for (std::size_t i = 0; i < visits_.size(); ++i) {
        const std::size_t visit = round % 2 == 0 ? i : visits_.size() - 1 - i;
        const Step step = world_.broadcast_value(next(visit));
        if (step.visit >= 0) make(static_cast<std::size_t>(step.visit), step.repeat, round);
      }
    }
    for (const Visited& visit : visits_) {
      if (visit.left_out.empty()) continue;
      const SweptWorkload& swept = sweep_.workloads[visit.item];
      const SweepPoint& point = swept.points[visit.point];
      sweep_.left_out.push_back(
          fmt::format("{} as {}{}: {}", swept.name, to_text(point.layout),
                      point.seconds.empty() ? "" : " after " + counted(point.seconds.size(), "round"), visit.left_out));
    }
    sweep_.compared = results_.compared();
    return std::move(sweep_);
  }

 private:
  SweepPoint& point_of(const Visited& visit) { return sweep_.workloads[visit.item].points[visit.point]; }

  // All cores at once, with the most ranks, so that each reads memory of its own.
  void measure_ceilings() {
    progress_.show("measuring the peaks of all cores");
    const SweepLayout* layout = &plan_.layouts.front();
    for (const SweepLayout& each : plan_.layouts) {
      if (each.cores() == layout->cores()) layout = &each;
    }
    formation_.run_as(*layout, [&](const mpi::Comm& active, int threads) {
      sweep_.ceilings.read_bytes_s = measure_peak(active, threads, Bound::read)->value;
      sweep_.ceilings.copy_bytes_s = measure_peak(active, threads, Bound::copy)->value;
      sweep_.ceilings.flops_s = measure_peak(active, threads, Bound::fma)->value;
    });
  }

  // Of a first visit to a workload: five runs at the peaks (one to warm up, three timed, one to check), and some 10 ns
  // of a core an element to generate and to check it. Nothing for what has no room in memory: the visit says so at
  // once.
  double modelled_s(const Visited& visit) {
    const SweepPoint& point = point_of(visit);
    const SweepItem& item = options_.items[visit.item];
    const Shape size = problem_of(item, point.layout, options_.weak).size;
    const std::uint64_t available = available_memory(), each = item.workload->memory_bytes(size, point.layout.ranks());
    if (available > 0 && each > available / static_cast<std::uint64_t>(point.layout.ranks_per_node)) return 0;
    const Ceilings& peaks = sweep_.ceilings;
    const double share = static_cast<double>(point.layout.cores()) / plan_.layouts.front().cores();
    const double run_s = std::max(point.traffic_bytes / std::max(peaks.copy_bytes_s * share, 1.0),
                                  point.flops / std::max(peaks.flops_s * share, 1.0));
    return 5 * run_s + visit.elements * 1e-8 / point.layout.cores();
  }

  // Of a point without a visit: what its workload took on more cores, times as many as there were.
  double expected_s(const Visited& visit) {
    if (visit.wall_s > 0) return visit.wall_s;
    const int cores = point_of(visit).layout.cores();
    double expected = 0;
    for (const Visited& other : visits_) {
      const int others = point_of(other).layout.cores();
      if (other.item != visit.item || !(other.wall_s > 0) || others < cores) continue;
      const double seconds = options_.weak ? other.wall_s : other.wall_s * others / cores;
      if (expected == 0 || seconds < expected) expected = seconds;
    }
    return expected > 0 ? expected : modelled_s(visit);
  }

  Step next(std::size_t index) {
    Visited& visit = visits_[index];
    if (!visit.left_out.empty() || !world_.is_root()) return {};
    const double expected = expected_s(visit), left = options_.budget_s - (now_s() - start_s_);
    if (expected > left) {
      visit.left_out = left > 0 ? fmt::format("the budget is used up: {} are left of it, the visit would take some {}",
                                              format_seconds(left), format_seconds(expected))
                                : "the budget is used up";
      return {};
    }
    // Long enough together that the clock and the start do not count.
    constexpr double timed_s = 0.05;
    const SweepPoint& point = point_of(visit);
    const double wanted = point.seconds.empty() ? 3 : std::ceil(timed_s / std::max(1e-6, point.seconds.front()));
    return {static_cast<int>(index), static_cast<int>(std::clamp(wanted, 3.0, 25.0))};
  }

  void make(std::size_t index, int repeat, int round) {
    Visited& visit = visits_[index];
    SweepPoint& point = point_of(visit);
    const SweepItem& item = options_.items[visit.item];
    const double start = now_s();
    std::optional<Json> record;
    std::string failure;
    const Failure unfit = attempt([&] {
      formation_.run_as(point.layout, [&](const mpi::Comm& active, int threads) {
        const Context context{active, threads};
        Problem problem = problem_of(item, point.layout, options_.weak);
        plan_memory(context, *item.workload, problem);
        if (problem.stream) throw usage_error("its data do not fit into memory");
        const auto label = fmt::format("round {} of {}, {}, ", round + 1, options_.rounds, to_text(point.layout));
        const ExecuteOptions options{.warmup = 1, .repeat = repeat, .sink = {}, .peak = false, .label = label};
        Measurement measured = execute(context, *item.workload, problem, options, progress_);
        measured.job.reset();
        const Layout layout = describe(point.layout, active);
        if (!world_.is_root()) return;
        point.seconds.push_back(measured.samples.median());
        if (!measured.verification.ok) failure = measured.verification.failure;
        record = make_record(*item.workload, problem, layout, measured, nullptr);
        (*record)["sweep"] = {{"round", round},
                              {"ranks_per_node", point.layout.ranks_per_node},
                              {"cores", point.layout.cores()},
                              {"weak", options_.weak}};
      });
    });
    visit.wall_s = now_s() - start;
    if (unfit.code == ExitCode::usage) {
      visit.left_out = unfit.text;
    } else if (unfit.failed()) {
      throw Error(unfit.code, unfit.text);
    }
    mpi::together(world_, [&] {
      if (!record) return;
      sink_(*record);
      if (!failure.empty()) {
        throw Error(ExitCode::verification,
                    fmt::format("{} as {}: wrong result: {}", item.workload->name, to_text(point.layout), failure));
      }
      const Shape size = problem_of(item, point.layout, options_.weak).size;
      results_.add(fmt::format("{} of size {}", item.workload->name, to_text(size)), point.layout, (*record)["result"]);
    });
  }

  Formation& formation_;
  const mpi::Comm& world_;
  const SweepPlan& plan_;
  const SweepOptions& options_;
  const PointSink& sink_;
  Progress& progress_;
  const double start_s_ = now_s();
  std::vector<Visited> visits_;
  SameResults results_;
  Sweep sweep_;
};

}  // namespace

void SameResults::add(const std::string& problem, const SweepLayout& layout, const Json& result) {
  for (const First& first : first_) {
    if (first.problem != problem) continue;
    compared_ += first.layout == layout ? 0 : 1;
    if (first.result == result) return;
    throw Error(ExitCode::verification,
                fmt::format("{}: {} gave {}, {} gives {}: a race or broken hardware", problem, to_text(first.layout),
                            first.result.dump(), to_text(layout), result.dump()));
  }
  first_.push_back({problem, layout, result});
}

Sweep run_sweep(Formation& formation, const mpi::Comm& world, const SweepPlan& plan, const SweepOptions& options,
                const PointSink& sink, Progress& progress) {
  return Campaign(formation, world, plan, options, sink, progress).run();
}

}  // namespace concdemo
