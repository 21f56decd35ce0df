#include "kernels/stats.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "workloads/descriptor.hpp"
#include "workloads/exact_moments.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/reduction_input.hpp"
#include "workloads/result_numbers.hpp"
#include "workloads/rounding_check.hpp"

namespace concdemo {
namespace {

struct Statistics {
  std::uint64_t count = 0;
  double min = 0, max = 0, mean = 0, variance = 0, deviation = 0;
};

Statistics statistics(const Moments& moments) {
  return {moments.count,           moments.min, moments.max, exact_mean(moments), exact_variance(moments),
          exact_deviation(moments)};
}

Statistics statistics(const PlainMoments& moments) {
  const auto n = static_cast<double>(moments.count);
  const double mean = moments.sum / n;
  const double variance = moments.squares / n - mean * mean;
  return {moments.count, moments.min, moments.max, mean, variance, std::sqrt(variance)};
}

struct MomentsKernel {
  using State = Moments;
  using Check = MomentResidues;
  static constexpr bool takes_floats = false;
  static void add(State& state, std::span<const double> x, std::span<const double>) { state.add(x); }
  static void add_check(Check& check, std::span<const double> x, std::span<const double>) {
    add_moment_residues(check, x);
  }
  static void add_reference(State& state, std::span<const double> x, std::span<const double>) {
    state.add_reference(x);
  }
};

class StatsJob final : public Job {
 public:
  StatsJob(const Context& context, const Problem& problem) : context_(context), problem_(problem) {
    if (problem.method == Method::plain) {
      part_ = std::move(load_parts(context, problem, counts).front());
    } else {
      elements_.emplace(context_, problem);
    }
  }

  void execute(const Sink&) override {
    if (!elements_) {
      found_ = statistics(context_.comm.combine<PlainMoments>(moments_plain(part_.span(), context_.threads),
                                                              [](const PlainMoments& in, PlainMoments& inout) {
                                                                if (inout.count == 0 || in.min < inout.min)
                                                                  inout.min = in.min;
                                                                if (inout.count == 0 || in.max > inout.max)
                                                                  inout.max = in.max;
                                                                inout.count += in.count;
                                                                inout.sum += in.sum;
                                                                inout.squares += in.squares;
                                                              }));
    } else {
      reduced_ = elements_->reduce<MomentsKernel>();
      counts = reduced_.counts;
      found_ = statistics(reduced_.state);
    }
  }

  Verification verify() override {
    if (!elements_) return verify_plain(statistics(merged(moments_reference(part_.span(), context_.threads))));
    if (!verifies_by_scalar(problem_)) {
      elements_->complete_check(reduced_);
      std::string wrong = disagreement(reduced_, element_count(problem_.size));
      const Moments& moments = reduced_.state;
      const bool is_right = found_.count == moments.count && same_bits(found_.min, moments.min) &&
                            same_bits(found_.max, moments.max) && is_mean(found_.mean, moments) &&
                            is_variance(found_.variance, moments) && is_deviation(found_.deviation, moments);
      if (wrong.empty() && !is_right) wrong = "not what the exact moments round to";
      return {wrong.empty(), residue_reference,
              wrong.empty() ? "" : fmt::format("mean {} and variance {}: {}", found_.mean, found_.variance, wrong)};
    }
    const Statistics expected = statistics(elements_->reduce<Scalar<MomentsKernel>>().state);
    const bool same = found_.count == expected.count && same_bits(found_.min, expected.min) &&
                      same_bits(found_.max, expected.max) && same_bits(found_.mean, expected.mean) &&
                      same_bits(found_.variance, expected.variance) && same_bits(found_.deviation, expected.deviation);
    return {same, scalar_reference,
            same ? ""
                 : fmt::format("mean {} and variance {}, expected {} and {}", found_.mean, found_.variance,
                               expected.mean, expected.variance)};
  }

  Json result() const override {
    return {{"count", whole(found_.count)},   {"missing", whole(counts.missing)}, {"min", number(found_.min)},
            {"max", number(found_.max)},      {"mean", number(found_.mean)},      {"variance", number(found_.variance)},
            {"std", number(found_.deviation)}};
  }
  std::optional<Reading> reading() const override {
    return elements_ ? elements_->reading() : std::optional<Reading>();
  }
  std::optional<Pipeline> pipeline() const override {
    return elements_ ? elements_->pipeline() : std::optional<Pipeline>();
  }
  std::string headline() const override {
    return fmt::format("mean {:.6g}, std {:.6g}", found_.mean, found_.deviation);
  }

 private:
  // The textbook loop's minimum and maximum pass over NaN and know one zero; its sums round n times.
  Verification verify_plain(const Statistics& expected) {
    double magnitude = 0;
    double square = 0;
    for (const double value : part_.span()) {
      magnitude += std::abs(value);
      square += value * value;
    }
    const auto n = static_cast<double>(expected.count);
    magnitude = add_over_ranks(context_.comm, magnitude) / n;
    square = add_over_ranks(context_.comm, square) / n;
    const bool extremes = std::isnan(expected.min) || (found_.min == expected.min && found_.max == expected.max);
    const bool ok = found_.count == expected.count && extremes &&
                    plausible(found_.mean, expected.mean, n + 4, magnitude) &&
                    plausible(found_.variance, expected.variance, 4 * (n + 4), square);
    return {ok, "exact moments, within the bound of n roundings",
            ok ? ""
               : fmt::format("mean {} and variance {}, expected {} and {}", found_.mean, found_.variance, expected.mean,
                             expected.variance)};
  }

  Moments merged(const Moments& mine) const {
    return context_.comm.combine<Moments>(mine, [](const Moments& in, Moments& inout) { inout.merge(in); });
  }

  Context context_;
  const Problem& problem_;
  Reduced<MomentsKernel> reduced_;
  std::optional<ReductionInput> elements_;
  Array part_;  // of --method plain
  Statistics found_;
};

}  // namespace

const Workload stats_workload = reduction_workload(
    "stats", "count, missing, min, max, mean; variance and std of the population (ddof=0)", 1, 5, prepare_as<StatsJob>);

}  // namespace concdemo
