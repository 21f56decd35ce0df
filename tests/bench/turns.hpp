#pragma once
// What the two programs of reductions.py share: arrays, and a loop that computes when told to on stdin.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace turns {

struct Free {
  void operator()(double* p) const { std::free(p); }
};
using Array = std::unique_ptr<double, Free>;

// Uniform in [0, 1) from 53 bits, on huge pages, written first by the threads that read it later.
inline Array make_array(std::size_t n, int threads, std::uint64_t salt) {
  const std::size_t page = std::size_t{1} << 21;
  const std::size_t bytes = (n * sizeof(double) + page - 1) / page * page;
  Array array(static_cast<double*>(std::aligned_alloc(page, bytes)));
  madvise(array.get(), bytes, MADV_HUGEPAGE);
  double* out = array.get();
  const auto count = static_cast<std::ptrdiff_t>(n);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    std::uint64_t z = (static_cast<std::uint64_t>(i) + salt) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    out[i] = static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  return array;
}

// Answers each line of stdin, the name of a kernel, with the median seconds of `repeats` runs and the result; one run
// before them, for the other program had the caches.
inline void take_turns(const std::map<std::string, std::function<double()>>& kernels, int repeats) {
  std::cout.precision(17);
  std::cout << "ready" << std::endl;
  for (std::string name; std::getline(std::cin, name);) {
    const auto kernel = kernels.find(name);
    if (kernel == kernels.end()) {
      std::cerr << "no kernel '" << name << "'\n";
      std::exit(2);
    }
    double result = kernel->second();
    std::vector<double> seconds;
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      result = kernel->second();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::cout << seconds[seconds.size() / 2] << ' ' << result << std::endl;
  }
}

}  // namespace turns
