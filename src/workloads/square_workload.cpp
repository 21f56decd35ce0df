#include "kernels/square.hpp"

#include "workloads/descriptor.hpp"
#include "workloads/elementwise.hpp"
#include "workloads/list.hpp"

namespace concdemo {
namespace {

// Read one by one, so that no compiler makes vectors of them.
void reference(Operands x, std::span<double> y) {
  const volatile double* values = x.front().data();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double value = values[i];
    y[i] = value * value;
  }
}

}  // namespace

const Workload square_workload{
    .name = "square",
    .summary = "y = x*x, element by element; writes /y",
    .operands = 1,
    .has_plain = true,
    .can_stream = true,
    .default_size = {100'000'000},
    .tour_size = {2'000'000},
    .cost = cost_per_element(1, 16, Bound::copy),
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> { return {dataset_like("y", problem.size)}; },
    .memory_bytes = arrays_over_ranks(2),
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      const auto kernel = problem.method == Method::plain ? square_plain : square;
      return make_elementwise(context, problem,
                              {[=](Operands x, std::span<double> y, int threads) { kernel(x.front(), y, threads); },
                               reference, "scalar product"});
    }};

}  // namespace concdemo
