#include "kernels/dot.hpp"

#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

using Values = std::span<const double>;

double magnitude(Values x, Values y) {
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += std::abs(x[i] * y[i]);
  return total;
}

const ReductionKernels<ExactProductSum> kernels{
    "dot",
    [](Values x, Values y, int threads) { return dot_exact(x, y, threads); },
    [](Values x, Values y, int threads) { return dot_reference(x, y, threads); },
    [](Values x, Values y, int threads) { return dot_plain(x, y, threads); },
    magnitude,
    sum_of_index_squares};

}  // namespace

const Workload dot_workload{
    .name = "dot",
    .summary = "dot product of two arrays, rounded once",
    .operands = 2,
    .has_plain = true,
    .has_dynamic = true,
    .default_size = {50'000'000},
    .tour_size = {5'000'000},
    .cost = cost_per_element(2, 16, Bound::read),
    .operand_shapes = two_operand_shapes,
    .size_of = common_shape,
    .outputs = no_outputs,
    .memory_bytes = shared_arrays(2),
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      return std::make_unique<ReductionJob<ExactProductSum>>(context, problem, kernels);
    }};

}  // namespace concdemo
