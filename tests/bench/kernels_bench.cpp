// Our kernels beside the plain OpenMP loops, alternating in one process, on huge pages.
//
// kernels_bench [N [THREADS [REPEATS [wide]]]]     GB/s of the median repeat, and ours over plain; with `wide` also on
// data that spread over many binades, where the exact kernels need more levels
#include "kernels/plain_sums.hpp"
#include "kernels/simd.hpp"
#include "kernels/square.hpp"
#include "kernels/stats.hpp"
#include "support/reductions.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace concdemo;
using namespace concdemo::test;

struct Case {
  std::string name;
  double bytes;
  std::function<double()> plain;
  std::function<double()> ours;
};

double volatile sink;

double seconds(const std::function<double()>& work) {
  const auto start = std::chrono::steady_clock::now();
  sink = work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Free {
  void operator()(double* p) const { std::free(p); }
};

// Huge pages, written first by the threads that read them later.
std::unique_ptr<double, Free> make_array(std::size_t n, int threads, unsigned salt,
                                         const std::function<double(double)>& f) {
  const std::size_t page = std::size_t{1} << 21;
  const std::size_t bytes = (n * sizeof(double) + page - 1) / page * page;
  std::unique_ptr<double, Free> array(static_cast<double*>(std::aligned_alloc(page, bytes)));
  madvise(array.get(), bytes, MADV_HUGEPAGE);
  double* out = array.get();
  const auto count = static_cast<std::ptrdiff_t>(n);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    std::uint64_t z = (static_cast<std::uint64_t>(i) + salt) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    out[i] = f(static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53);
  }
  return array;
}

void run(const std::string& data, const std::function<double(double)>& f, std::size_t n, int threads, int repeats) {
  const auto first = make_array(n, threads, 1, f);
  const auto second = make_array(n, threads, 1u << 30, f);
  const std::span<const double> x(first.get(), n), y(second.get(), n);
  const double bytes = 8.0 * static_cast<double>(n);
  const std::span<double> out(second.get(), n);
  const std::vector<Case> cases = {
      {"sum", bytes, [=] { return sum_plain(x, threads); }, [=] { return sum_exact(x, threads).round(); }},
      {"sumsq", bytes, [=] { return sumsq_plain(x, threads); }, [=] { return sumsq_exact(x, threads).round(); }},
      {"dot", 2 * bytes, [=] { return dot_plain(x, y, threads); }, [=] { return dot_exact(x, y, threads).round(); }},
      {"stats", bytes, [=] { return moments_plain(x, threads).squares; },
       [=] { return moments_exact(x, threads).squares.round(); }},
      {"square", 2 * bytes, [=] { return square_plain(x, out, threads), out[n / 2]; },
       [=] { return square(x, out, threads), out[n / 2]; }},
  };
  for (const Case& c : cases) {
    seconds(c.plain);
    std::vector<double> plain_s;
    std::vector<std::vector<double>> ours_s(simd_targets().size() - 1);  // scalar is a reference, not a contender
    for (int i = 0; i < repeats; ++i) {
      plain_s.push_back(seconds(c.plain));
      for (std::size_t t = 0; t < ours_s.size(); ++t) {
        set_simd_target(simd_targets()[t]);
        ours_s[t].push_back(seconds(c.ours));
      }
    }
    const double plain = median(plain_s);
    std::printf("%-10s %-6s n=%-10zu threads=%d  plain %6.2f GB/s", data.c_str(), c.name.c_str(), n, threads,
                c.bytes / plain * 1e-9);
    for (std::size_t t = 0; t < ours_s.size(); ++t) {
      const double ours = median(ours_s[t]);
      std::printf("  %s %6.2f GB/s (%.2f)", simd_targets()[t].c_str(), c.bytes / ours * 1e-9, plain / ours);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? static_cast<std::size_t>(std::atof(argv[1])) : 10'000'000;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  const int repeats = argc > 3 ? std::atoi(argv[3]) : 7;
  run(
      "uniform", [](double u) { return u; }, n, threads, repeats);
  if (argc <= 4) return 0;
  run(
      "exp", [](double u) { return (u < 0.5 ? -1 : 1) * std::exp(40 * u); }, n, threads, repeats);
  const auto over = [](int binades) {
    return [=](double u) {
      const auto bits = static_cast<std::uint64_t>(u * 0x1p53);
      return std::ldexp((bits & 1) != 0 ? 1 + u : -1 - u, static_cast<int>(bits >> 1 & 0xffff) % binades - binades / 2);
    };
  };
  run("600", over(600), n, threads, repeats);    // binades; no square leaves the range
  run("2000", over(2000), n, threads, repeats);  // half the squares do
  run(
      "two", [](double u) { return u < 0.5 ? u : std::ldexp(u, 300); }, n, threads, repeats);
  run(
      "sparse", [](double u) { return u < 0.9 ? 0 : u; }, n, threads, repeats);
  run(
      "1e-170", [](double u) { return u * 1e-170; }, n, threads, repeats);
}
