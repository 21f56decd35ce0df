// Answers reductions.py: reads cases from stdin, writes for each what every SIMD target and every number of threads
// makes of it. One line a case: distinct answers only, so a single answer means that all agree.
//
// A case: uint32 n, uint32 seed, then n doubles x and n doubles y. All in the machine's own byte order.
#include "kernels/simd.hpp"
#include "kernels/stats.hpp"
#include "support/bits.hpp"
#include "support/reductions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace concdemo;
using namespace concdemo::test;

std::string hex(double x) { return fmt::format("{:016x}", bits(x)); }

// Rounded value : last limb in decimal , the others in hexadecimal from the highest : counters.
template <class Sum>
std::string describe(Sum sum) {
  const double value = sum.round();
  sum.normalise();
  const auto& limbs = sum.limbs();
  std::string others;
  for (std::size_t i = limbs.size() - 1; i-- > 0;) others += fmt::format("{:08x}", limbs[i]);
  return fmt::format("{}:{},{}:{},{},{}", hex(value), limbs.back(), others, sum.nan_count(), sum.plus_infinity_count(),
                     sum.minus_infinity_count());
}

std::string describe(const Moments& moments) {
  return fmt::format("{}:{}:{}", moments.count, hex(moments.min), hex(moments.max));
}

struct Answers {
  std::set<std::string> sum, sumsq, dot, extremes;

  void add(const ExactSum& s, const ExactProductSum& squares, const ExactProductSum& products, const Moments& moments) {
    sum.insert(describe(s));
    sum.insert(describe(moments.sum));
    sumsq.insert(describe(squares));
    sumsq.insert(describe(moments.squares));
    dot.insert(describe(products));
    extremes.insert(describe(moments));
  }
};

Answers answer(const std::vector<double>& x, const std::vector<double>& y, unsigned seed) {
  Answers answers;
  for (const std::string& target : simd_targets()) {
    set_simd_target(target);
    for (int threads = 1; threads <= 3; ++threads) {
      answers.add(sum_exact(x, threads), sumsq_exact(x, threads), dot_exact(x, y, threads), moments_exact(x, threads));
    }
    // Parts of random sizes, added to a few states that are then merged in a random order.
    std::mt19937_64 random(seed);
    std::vector<Moments> parts(1 + random() % 4);
    std::vector<ExactProductSum> products(parts.size());
    for (std::size_t at = 0; at < x.size();) {
      const std::size_t count = std::min(x.size() - at, 1 + random() % (1 + x.size() / (1 + random() % 5)));
      const std::size_t part = random() % parts.size();
      const auto values = std::span(x).subspan(at, count);
      parts[part].merge(moments_exact(values, 1));
      products[part].add(values, std::span(y).subspan(at, count));
      at += count;
    }
    while (parts.size() > 1) {
      const std::size_t other = 1 + random() % (parts.size() - 1);
      parts[0].merge(parts[other]);
      products[0].merge(products[other]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(other));
      products.erase(products.begin() + static_cast<std::ptrdiff_t>(other));
    }
    answers.add(parts[0].sum, parts[0].squares, products[0], parts[0]);
  }
  const Moments reference = moments_reference(x, 3);
  answers.add(reference.sum, dot_reference(x, x), dot_reference(x, y), reference);
  return answers;
}

}  // namespace

int main() {
  std::uint32_t header[2];
  while (std::fread(header, sizeof header, 1, stdin) == 1) {
    std::vector<double> x(header[0]), y(header[0]);
    if (header[0] != 0 && (std::fread(x.data(), 8, x.size(), stdin) != x.size() ||
                           std::fread(y.data(), 8, y.size(), stdin) != y.size())) {
      std::fputs("reductions_driver: input ends within a case\n", stderr);
      return 2;
    }
    const Answers answers = answer(x, y, header[1]);
    fmt::print("{} {} {} {}\n", fmt::join(answers.sum, "|"), fmt::join(answers.sumsq, "|"), fmt::join(answers.dot, "|"),
               fmt::join(answers.extremes, "|"));
  }
}
