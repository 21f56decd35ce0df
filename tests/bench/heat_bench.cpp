// Our heat kernel, for heat.py.
//
// heat_bench N THREADS REPEATS      see turns.hpp; kernels "K" or "K@SIMD_TARGET": one pass of K steps on an N x N grid
#include "kernels/heat.hpp"
#include "kernels/simd.hpp"
#include "turns.hpp"

using namespace concdemo;

int main(int, char** argv) {
  const auto n = static_cast<std::ptrdiff_t>(std::atof(argv[1]));
  const int threads = std::atoi(argv[2]);
  const std::ptrdiff_t stride = n + 8;
  const auto first = turns::make_array(static_cast<std::size_t>(n * stride), threads, 1);
  const auto second = turns::make_array(static_cast<std::size_t>(n * stride), threads, 2);
  const Window grid{0, n, 0, n};
  const HeatArrays arrays{first.get(), second.get(), stride, grid};
  std::map<std::string, std::function<double()>> kernels;
  for (const std::string& target : simd_targets()) {
    for (const int steps : {1, 2, 4, 8}) {
      kernels[std::to_string(steps) + "@" + target] = [=] {
        set_simd_target(target);
        heat_steps(arrays, grid, steps, 0.2, threads);
        return arrays.out[n / 2 * stride + n / 2];
      };
    }
  }
  for (const int steps : {1, 2, 4, 8}) {
    kernels[std::to_string(steps)] = kernels[std::to_string(steps) + "@" + simd_targets().front()];
  }
  turns::take_turns(kernels, std::atoi(argv[3]));
}
