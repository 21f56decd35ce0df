#include "kernels/exact_sum.hpp"
#include "kernels/plain_sums.hpp"

#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/reduction.hpp"

namespace concdemo {
namespace {

struct SumKernel {
  using State = ExactSum;
  using Check = Residues;
  static constexpr bool takes_floats = true;
  static constexpr std::string_view name = "sum";

  template <class T>
  static void add(State& state, std::span<const T> x, std::span<const T>) {
    state.add(x);
  }
  template <class T>
  static void add_check(Check& check, std::span<const T> x, std::span<const T>) {
    add_residues(check, x);
  }
  static void add_reference(State& state, Values x, Values) {
    for (const double value : x) state.add(value);
  }
  static double plain(Values x, Values, int threads) { return sum_plain(x, threads); }
  static double magnitude(Values x, Values) {
    double total = 0;
    for (const double value : x) total += std::abs(value);
    return total;
  }
  // 0 + 1 + ... + (n-1) = n(n-1)/2
  static std::optional<double> closed_form(std::uint64_t n) {
    if (n > (std::uint64_t{1} << 53)) return {};  // beyond it the fill itself is rounded
    __extension__ using Wide = unsigned __int128;
    return n == 0 ? 0.0 : static_cast<double>(Wide{n} * (n - 1) / 2);
  }
};

}  // namespace

const Workload sum_workload =
    reduction_workload("sum", "sum of all elements, rounded once", 1, 1, prepare_as<ReductionJob<SumKernel>>);

}  // namespace concdemo
