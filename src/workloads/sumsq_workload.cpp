#include "kernels/exact_product_sum.hpp"
#include "kernels/plain_sums.hpp"

#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

struct SumsqKernel {
  using State = ExactProductSum;
  using Check = Residues;
  static constexpr bool takes_floats = true;
  static constexpr std::string_view name = "sumsq";

  template <class T>
  static void add(State& state, std::span<const T> x, std::span<const T>) {
    state.add(x, x);
  }
  template <class T>
  static void add_check(Check& check, std::span<const T> x, std::span<const T>) {
    add_product_residues(check, x, x);
  }
  static void add_reference(State& state, Values x, Values) {
    for (const double value : x) state.add(value, value);
  }
  static double plain(Values x, Values, int threads) { return sumsq_plain(x, threads); }
  static double magnitude(Values x, Values) {
    double total = 0;
    for (const double value : x) total += value * value;
    return total;
  }
  static std::optional<double> closed_form(std::uint64_t n) { return sum_of_index_squares(n); }
};

}  // namespace

const Workload sumsq_workload =
    reduction_workload("sumsq", "sum of squares, rounded once", 1, 2, prepare_as<ReductionJob<SumsqKernel>>);

}  // namespace concdemo
