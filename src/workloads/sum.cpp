#include "kernels/sum.hpp"

#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

using Values = std::span<const double>;

double magnitude(Values x, Values) {
  double total = 0;
  for (const double value : x) total += std::abs(value);
  return total;
}

// 0 + 1 + ... + (n-1) = n(n-1)/2
std::optional<double> closed_form(std::uint64_t n) {
  if (n > (std::uint64_t{1} << 53)) return {};  // beyond it the fill itself is rounded
  __extension__ using Wide = unsigned __int128;
  return n == 0 ? 0.0 : static_cast<double>(Wide{n} * (n - 1) / 2);
}

const ReductionKernels<ExactSum> kernels{
    "sum",
    [](Values x, Values, int threads) { return sum_exact(x, threads); },
    [](Values x, Values, int threads) { return sum_reference(x, threads); },
    [](Values x, Values, int threads) { return sum_plain(x, threads); },
    magnitude,
    closed_form};

}  // namespace

const Workload sum_workload{
    .name = "sum",
    .summary = "sum of all elements, rounded once",
    .operands = 1,
    .has_plain = true,
    .has_dynamic = true,
    .default_size = {100'000'000},
    .tour_size = {10'000'000},
    .cost = cost_per_element(1, 8, Bound::read),
    .operand_shapes = one_operand_shape,
    .size_of = common_shape,
    .outputs = no_outputs,
    .memory_bytes = shared_arrays(1),
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      return std::make_unique<ReductionJob<ExactSum>>(context, problem, kernels);
    }};

}  // namespace concdemo
