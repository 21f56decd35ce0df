#pragma once
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "workloads/load.hpp"
#include "workloads/reduction_input.hpp"
#include "workloads/result_numbers.hpp"
#include "workloads/workload.hpp"

// The one shape of sum, sumsq and dot: an exact state of all elements, merged in one collective, rounded once.
namespace concdemo {

using Values = std::span<const double>;

// What a reduction over x, or over x and y (x again where there is one operand), is made of:
//   State                    exact, with merge() and round()
//   Check                    what is left of the elements to check it by: reduction_check.hpp
//   takes_floats             whether add and add_check take spans of float, beside those of double
//   name
//   add(state, x, y)         the fast path
//   add_check(check, x, y)
//   add_reference(state, x, y)   the scalar path
//   plain(x, y, threads)     the textbook loop
//   magnitude(x, y)          sum of the magnitudes of all terms: the scale of the textbook loop's rounding error
//   closed_form(n)           the rounded result for --fill index over n elements, where integers of 128 bits hold it
template <class Kernel>
class ReductionJob final : public Job {
 public:
  using State = typename Kernel::State;

  ReductionJob(const Context& context, const Problem& problem) : context_(context), problem_(problem) {
    if (problem.method == Method::plain) {
      parts_ = load_parts(context, problem, counts);
    } else {
      elements_.emplace(context_, problem_);
    }
  }

  void execute(const Sink&) override {
    if (elements_) {
      reduced_ = elements_->template reduce<Kernel>();
      counts = reduced_.counts;
      value_ = reduced_.state.round();
    } else {
      value_ = add_over_ranks(context_.comm, Kernel::plain(x(), y(), context_.threads));
    }
    if (std::isnan(value_)) value_ = std::numeric_limits<double>::quiet_NaN();
  }

  Verification verify() override {
    const std::uint64_t n = element_count(problem_.size);
    if (!elements_) {
      const double exact = exact_of_parts().round();
      const double magnitude = add_over_ranks(context_.comm, Kernel::magnitude(x(), y()));
      return check(plausible(value_, exact, static_cast<double>(n + 4), magnitude),
                   "exact sum, within the bound of n roundings", exact);
    }
    if (verifies_by_scalar(problem_)) {
      const double reference = elements_->template reduce<Scalar<Kernel>>().state.round();
      return check(same_bits(value_, reference), scalar_reference, reference);
    }
    const Operand& operand = problem_.operands.front();
    if (operand.source == Operand::Source::generated && operand.fill == Fill::index) {
      if (const auto closed = Kernel::closed_form(n)) {
        return check(same_bits(value_, *closed), "closed form", *closed);
      }
    }
    elements_->complete_check(reduced_);
    const std::string wrong = disagreement(reduced_, n, value_);
    return {wrong.empty(), residue_reference,
            wrong.empty() ? "" : fmt::format("{} is {}: {}", Kernel::name, value_, wrong)};
  }

  Json result() const override { return {{Kernel::name, number(value_)}}; }
  std::string headline() const override { return fmt::format("{}", value_); }
  std::optional<Reading> reading() const override {
    return elements_ ? elements_->reading() : std::optional<Reading>();
  }
  std::optional<Pipeline> pipeline() const override {
    return elements_ ? elements_->pipeline() : std::optional<Pipeline>();
  }

 private:
  Values x() const { return parts_.front().span(); }
  Values y() const { return parts_.back().span(); }

  State exact_of_parts() const {
    State state =
        accumulate_parts<State>(x().size(), context_.threads, [&](State& mine, std::size_t begin, std::size_t end) {
          Kernel::add_reference(mine, x().subspan(begin, end - begin), y().subspan(begin, end - begin));
        });
    return context_.comm.combine<State>(state, [](const State& in, State& inout) { inout.merge(in); });
  }

  Verification check(bool ok, std::string against, double expected) const {
    if (ok) return {true, std::move(against), ""};
    return {false, std::move(against), fmt::format("{} is {}, expected {}", Kernel::name, value_, expected)};
  }

  Context context_;
  const Problem& problem_;
  std::optional<ReductionInput> elements_;
  std::vector<Array> parts_;  // of --method plain
  Reduced<Kernel> reduced_;
  double value_ = 0;
};

// 0^2 + 1^2 + ... + (n-1)^2 = (n-1) n (2n-1) / 6, while 128 bits hold the product.
inline std::optional<double> sum_of_index_squares(std::uint64_t n) {
  if (n > (std::uint64_t{1} << 42)) return {};
  __extension__ using Wide = unsigned __int128;
  return n == 0 ? 0.0 : static_cast<double>(Wide{n} * (n - 1) * (2 * n - 1) / 6);
}

}  // namespace concdemo
