#pragma once
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "workloads/dynamic.hpp"
#include "workloads/numbers.hpp"
#include "workloads/parts.hpp"
#include "workloads/workload.hpp"

// The one shape of sum, sumsq and dot: an exact state of each rank's part, merged in one collective, rounded once.
namespace concdemo {

// The kernels of a reduction over x, or over x and y (y is x's twin when there is one operand).
template <class State>
struct ReductionKernels {
  std::string_view name;
  State (*exact)(std::span<const double> x, std::span<const double> y, int threads);
  State (*reference)(std::span<const double> x, std::span<const double> y, int threads);
  double (*plain)(std::span<const double> x, std::span<const double> y, int threads);
  // Sum over elements of the magnitude of each term: the scale of the plain loop's rounding error.
  double (*magnitude)(std::span<const double> x, std::span<const double> y);
  // The rounded result for --fill index over n elements, where integers of 128 bits hold it.
  std::optional<double> (*closed_form)(std::uint64_t n);
};

// 0^2 + 1^2 + ... + (n-1)^2 = (n-1) n (2n-1) / 6, while 128 bits hold the product.
inline std::optional<double> sum_of_index_squares(std::uint64_t n) {
  if (n > (std::uint64_t{1} << 42)) return {};
  __extension__ using Wide = unsigned __int128;
  return n == 0 ? 0.0 : static_cast<double>(Wide{n} * (n - 1) * (2 * n - 1) / 6);
}

template <class State>
class ReductionJob final : public Job {
 public:
  ReductionJob(const Context& context, const Problem& problem, const ReductionKernels<State>& kernels)
      : context_(context), problem_(problem), kernels_(kernels), parts_(load_parts(context, problem, counts)) {
    if (problem.schedule == Schedule::dynamic) blocks_.emplace(context_, problem_);
  }

  void execute(const Sink&) override {
    if (problem_.method == Method::plain) {
      value_ = add_over_ranks(context_.comm, kernels_.plain(x(), y(), context_.threads));
    } else if (blocks_) {
      const auto exact = kernels_.exact;
      value_ = blocks_->reduce<State>([exact](const std::vector<Array>& parts) {
        return exact(parts.front().span(), parts.back().span(), 1);
      }).round();
    } else {
      value_ = merged(kernels_.exact).round();
    }
    if (std::isnan(value_)) value_ = std::numeric_limits<double>::quiet_NaN();
  }

  Verification verify() override {
    const std::uint64_t n = element_count(problem_.size);
    if (problem_.method == Method::plain) {
      const double exact = merged(kernels_.reference).round();
      const double magnitude = add_over_ranks(context_.comm, kernels_.magnitude(x(), y()));
      return check(plausible(value_, exact, static_cast<double>(n + 4), magnitude),
                   "exact sum, within the bound of n roundings", exact);
    }
    const Operand& operand = problem_.operands.front();
    if (operand.source == Operand::Source::generated && operand.fill == Fill::index) {
      if (const auto closed = kernels_.closed_form(n)) {
        return check(same_bits(value_, *closed), "closed form", *closed);
      }
    }
    const double reference = merged(kernels_.reference).round();
    return check(same_bits(value_, reference), "scalar superaccumulator, every element", reference);
  }

  Json result() const override { return {{kernels_.name, number(value_)}}; }
  std::string headline() const override { return fmt::format("{}", value_); }

 private:
  std::span<const double> x() const { return parts_.front().span(); }
  std::span<const double> y() const { return parts_.back().span(); }

  State merged(State (*kernel)(std::span<const double>, std::span<const double>, int)) const {
    return context_.comm.combine<State>(kernel(x(), y(), context_.threads),
                                        [](const State& in, State& inout) { inout.merge(in); });
  }

  Verification check(bool ok, std::string against, double expected) const {
    if (ok) return {true, std::move(against), ""};
    return {false, std::move(against), fmt::format("{} is {}, expected {}", kernels_.name, value_, expected)};
  }

  Context context_;
  const Problem& problem_;
  const ReductionKernels<State>& kernels_;
  std::vector<Array> parts_;
  std::optional<DynamicBlocks> blocks_;
  double value_ = 0;
};

}  // namespace concdemo
