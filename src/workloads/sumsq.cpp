#include "kernels/sumsq.hpp"

#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

using Values = std::span<const double>;

double magnitude(Values x, Values) {
  double total = 0;
  for (const double value : x) total += value * value;
  return total;
}

const ReductionKernels<ExactProductSum> kernels{
    "sumsq",
    [](Values x, Values, int threads) { return sumsq_exact(x, threads); },
    [](Values x, Values, int threads) { return sumsq_reference(x, threads); },
    [](Values x, Values, int threads) { return sumsq_plain(x, threads); },
    magnitude,
    sum_of_index_squares};

}  // namespace

const Workload sumsq_workload{
    .name = "sumsq",
    .summary = "sum of squares, rounded once",
    .operands = 1,
    .has_plain = true,
    .has_dynamic = true,
    .default_size = {100'000'000},
    .tour_size = {10'000'000},
    .cost = cost_per_element(2, 8, Bound::read),
    .operand_shapes = one_operand_shape,
    .size_of = common_shape,
    .outputs = no_outputs,
    .memory_bytes = shared_arrays(1),
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      return std::make_unique<ReductionJob<ExactProductSum>>(context, problem, kernels);
    }};

}  // namespace concdemo
