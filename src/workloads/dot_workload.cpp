#include "kernels/exact_product_sum.hpp"
#include "kernels/plain_sums.hpp"

#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

struct DotKernel {
  using State = ExactProductSum;
  using Check = Residues;
  static constexpr bool takes_floats = true;
  static constexpr std::string_view name = "dot";

  template <class T>
  static void add(State& state, std::span<const T> x, std::span<const T> y) {
    state.add(x, y);
  }
  template <class T>
  static void add_check(Check& check, std::span<const T> x, std::span<const T> y) {
    add_product_residues(check, x, y);
  }
  static void add_reference(State& state, Values x, Values y) {
    for (std::size_t i = 0; i < x.size(); ++i) state.add(x[i], y[i]);
  }
  static double plain(Values x, Values y, int threads) { return dot_plain(x, y, threads); }
  static double magnitude(Values x, Values y) {
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) total += std::abs(x[i] * y[i]);
    return total;
  }
  static std::optional<double> closed_form(std::uint64_t n) { return sum_of_index_squares(n); }
};

}  // namespace

const Workload dot_workload =
    reduction_workload("dot", "dot product of two arrays, rounded once", 2, 2, prepare_as<ReductionJob<DotKernel>>);

}  // namespace concdemo
