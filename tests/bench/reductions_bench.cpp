// Our reductions, for reductions.py.
//
// reductions_bench N THREADS REPEATS      see turns.hpp; KERNEL or KERNEL@SIMD_TARGET
#include "kernels/peaks.hpp"
#include "kernels/simd.hpp"
#include "kernels/square.hpp"
#include "kernels/stats.hpp"
#include "support/reductions.hpp"
#include "turns.hpp"

#include <span>

using namespace concdemo;
using namespace concdemo::test;

int main(int, char** argv) {
  const auto n = static_cast<std::size_t>(std::atof(argv[1]));
  const int threads = std::atoi(argv[2]);
  const auto first = turns::make_array(n, threads, 1);
  const auto second = turns::make_array(n, threads, 1u << 30);
  const std::span<const double> x(first.get(), n), y(second.get(), n);
  const std::span<double> out(second.get(), n);
  const std::map<std::string, std::function<double()>> ours = {
      {"sum", [=] { return sum_exact(x, threads).round(); }},
      {"sumsq", [=] { return sumsq_exact(x, threads).round(); }},
      {"dot", [=] { return dot_exact(x, y, threads).round(); }},
      {"stats",
       [=] {
         const Moments moments = moments_exact(x, threads);
         return moments.sum.round() + moments.squares.round() + moments.min + moments.max;
       }},
      {"square", [=] { return square(x, out, threads), out[n / 2]; }},
  };
  auto kernels = ours;
  for (const std::string& target : simd_targets()) {
    for (const auto& [name, kernel] : ours) {
      kernels[name + "@" + target] = [kernel = kernel, target] {
        set_simd_target(target);
        const double result = kernel();
        set_simd_target(simd_targets().front());
        return result;
      };
    }
  }
  kernels["read"] = [=] { return read_bandwidth_peak(x, threads); };  // bytes per second as the result
  turns::take_turns(kernels, std::atoi(argv[3]));
}
