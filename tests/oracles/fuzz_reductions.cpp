// Exact sums, sums of squares, dot products and moments of hostile arrays, bit for bit against MPFR: on every SIMD
// target, whole and in random parts merged in a random order; sums of float32 as well.
//
// fuzz_reductions [CASES [SEED [FIRST]]]    CASES: 10,000, or 1,000,000 with CONCDEMO_FULL=1; SEED: 1; FIRST: 0
//
// Exit code: 0 all right, 1 a case is wrong (the first is printed, with how to run it alone), 2 usage.
#include "kernels/simd.hpp"
#include "kernels/stats.hpp"
#include "oracles/hostile_arrays.hpp"
#include "oracles/real_sum.hpp"
#include "support/bits.hpp"
#include "support/reductions.hpp"
#include "workloads/exact_moments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace concdemo;
using namespace concdemo::test;

constexpr std::uint64_t floats_every = 3;  // cases

struct Extent {
  double low, high;
};

// -0 < +0; NaN wins, and stands for nothing.
Extent extent_of(std::span<const double> x) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Extent extent{nan, nan};
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) return {nan, nan};
    const auto before = [](double a, double b) { return a < b || (a == b && std::signbit(a) > std::signbit(b)); };
    if (i == 0 || before(x[i], extent.low)) extent.low = x[i];
    if (i == 0 || before(extent.high, x[i])) extent.high = x[i];
  }
  return extent;
}

// What must come out.
struct Wanted {
  RealSum sum, squares, products;
  Extent extent;
  double sum_value, squares_value, products_value, mean, variance;

  Wanted(std::span<const double> x, std::span<const double> y) : extent(extent_of(x)) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum.add(x[i]);
      squares.add(x[i], x[i]);
      products.add(x[i], y[i]);
    }
    sum_value = sum.round();
    squares_value = squares.round();
    products_value = products.round();
    mean = real_mean(x.size(), sum);
    variance = real_variance(x.size(), sum, squares);
  }
};

// What came out of one way to reduce.
struct Found {
  Moments moments;
  ExactProductSum products;

  void merge(const Found& other) {
    moments.merge(other.moments);
    products.merge(other.products);
  }
};

Found reduce(std::span<const double> x, std::span<const double> y) {
  Found found;
  found.moments = moments_exact(x, 1);
  found.products.add(y, x);
  return found;
}

Found reduce_scalar(std::span<const double> x, std::span<const double> y) {
  Found found;
  found.moments = moments_reference(x, 1);
  for (std::size_t i = 0; i < x.size(); ++i) found.products.add(x[i], y[i]);
  return found;
}

// The sums one by one, not in the one pass of moments; the rest is as in `by_elements`.
template <class T>
Found reduce_apart(std::span<const T> x, std::span<const T> y, const Found& by_elements) {
  Found found = by_elements;
  found.moments.sum = {};
  found.moments.squares = {};
  found.products = {};
  found.moments.sum.add(x);
  found.moments.squares.add(x, x);
  found.products.add(x, y);
  return found;
}

// The saved bytes take the place of the sum.
template <class Sum>
void save_and_load(Sum& sum) {
  const auto saved = sum.save();
  sum = Sum{};
  sum.load(saved);
}

// Parts of random sizes, some of them added to one accumulator, then merged pair by pair in a random order.
Found reduce_parts(std::span<const double> x, std::span<const double> y, std::mt19937_64& random) {
  const std::size_t typical = 1 + x.size() / (1 + random() % 6);
  std::vector<Found> parts(1);
  for (std::size_t at = 0; at < x.size();) {
    const std::size_t count = std::min(x.size() - at, random() % (2 * typical));
    if (random() % 2 == 0) parts.emplace_back();
    Found& part = parts[random() % parts.size()];
    const auto values = x.subspan(at, count);
    part.moments.merge(moments_exact(values, 1));
    part.products.add(values, y.subspan(at, count));
    at += count;
  }
  save_and_load(parts.back().moments.sum);
  save_and_load(parts.back().moments.squares);
  save_and_load(parts.back().products);
  while (parts.size() > 1) {
    std::swap(parts[random() % parts.size()], parts.back());
    const Found last = parts.back();
    parts.pop_back();
    parts[random() % parts.size()].merge(last);
  }
  return parts[0];
}

// Collects what differs, as text.
struct Differences {
  std::string text;

  void compare(const std::string& what, double got, double wanted) {
    if (bits(got) == bits(wanted)) return;
    text += fmt::format("  {}: {:016x} ({}), wanted {:016x} ({})\n", what, bits(got), got, bits(wanted), wanted);
  }
  template <class Sum>
  void compare(const std::string& what, Sum sum, const Sum& by_elements, const RealSum& wanted, double wanted_value) {
    compare(what, sum.round(), wanted_value);
    if (sum.save() != by_elements.save()) text += fmt::format("  {}: saves other bytes\n", what);
    sum.normalise();
    if (!wanted.is(sum.limbs(), Sum::lowest_exponent)) text += fmt::format("  {}: limbs of another number\n", what);
    const Uncountables counts{sum.nan_count(), sum.plus_infinity_count(), sum.minus_infinity_count()};
    if (counts != wanted.uncountables()) text += fmt::format("  {}: other counts of NaN and infinities\n", what);
  }
  void compare(const std::string& way, const Found& found, const Found& by_elements, const Wanted& wanted) {
    const Moments& moments = found.moments;
    const std::uint64_t count = by_elements.moments.count;
    if (moments.count != count) text += fmt::format("  count {}: {}, wanted {}\n", way, moments.count, count);
    compare("sum " + way, moments.sum, by_elements.moments.sum, wanted.sum, wanted.sum_value);
    compare("sumsq " + way, moments.squares, by_elements.moments.squares, wanted.squares, wanted.squares_value);
    compare("dot " + way, found.products, by_elements.products, wanted.products, wanted.products_value);
    compare("min " + way, moments.min, wanted.extent.low);
    compare("max " + way, moments.max, wanted.extent.high);
    compare("mean " + way, exact_mean(moments), wanted.mean);
    compare("variance " + way, exact_variance(moments), wanted.variance);
    const double deviation = exact_deviation(moments);
    if (!is_real_deviation(deviation, count, wanted.sum, wanted.squares)) {
      text += fmt::format("  deviation {}: {:016x} ({}) is not the nearest\n", way, bits(deviation), deviation);
    }
  }
};

void compare_doubles(Differences& differences, const HostileArrays& arrays, std::uint64_t index) {
  const auto x = arrays.x();
  const auto y = arrays.y();
  const Wanted wanted(x, y);
  const Found by_elements = reduce_scalar(x, y);
  if (by_elements.moments.count != x.size()) differences.text += "  count by elements\n";
  differences.compare("by elements", by_elements, by_elements, wanted);
  for (const std::string& target : simd_targets()) {
    set_simd_target(target);
    std::mt19937_64 random(index);
    differences.compare("on " + target, reduce(x, y), by_elements, wanted);
    differences.compare("apart on " + target, reduce_apart(x, y, by_elements), by_elements, wanted);
    differences.compare("on " + target + " in parts", reduce_parts(x, y, random), by_elements, wanted);
  }
}

// The same arrays as float32, from an element on that need not be aligned.
void compare_floats(Differences& differences, const HostileArrays& arrays, std::uint64_t index) {
  const std::size_t begin = std::min<std::size_t>(index / floats_every % 16, arrays.count);
  const std::vector<float> all_x = narrowed(arrays.x());
  const std::vector<float> all_y = narrowed(arrays.y());
  const auto x = std::span(all_x).subspan(begin);
  const auto y = std::span(all_y).subspan(begin);
  const std::vector<double> wide_x(x.begin(), x.end());
  const std::vector<double> wide_y(y.begin(), y.end());
  const Wanted wanted(wide_x, wide_y);
  const Found by_elements = reduce_scalar(wide_x, wide_y);
  for (const std::string& target : simd_targets()) {
    set_simd_target(target);
    differences.compare("of float32 on " + target, reduce_apart(x, y, by_elements), by_elements, wanted);
  }
}

// What is wrong with a case; nothing if all is right.
std::string differences_of(const HostileArrays& arrays, std::uint64_t index) {
  Differences found;
  try {
    compare_doubles(found, arrays, index);
    if (index % floats_every == 0) compare_floats(found, arrays, index);
  } catch (const std::exception& error) {  // the root of a negative variance, say
    found.text += fmt::format("  on {}: {}\n", simd_target(), error.what());
  }
  return found.text;
}

std::string first_elements(std::span<const double> x) {
  std::string text;
  for (const double value : x.first(std::min<std::size_t>(x.size(), 8))) text += fmt::format(" {:016x}", bits(value));
  return text;
}

bool read_number(const char* text, std::uint64_t& number) {
  const std::string_view whole = text;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  return error == std::errc() && end == whole.data() + whole.size();
}

}  // namespace

int main(int argc, char** argv) {
  const char* full = std::getenv("CONCDEMO_FULL");
  std::uint64_t numbers[3] = {full != nullptr && *full == '1' ? 1'000'000u : 10'000u, 1, 0};
  for (int i = 1; i < argc; ++i) {
    if (i > 3 || !read_number(argv[i], numbers[i - 1])) {
      fmt::print(stderr, "usage: fuzz_reductions [CASES [SEED [FIRST]]]; whole numbers, not '{}'\n", argv[i]);
      return 2;
    }
  }
  const auto [cases, seed, first] = numbers;
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t elements = 0, wrong = 0;
  for (std::uint64_t i = 0; i < cases; ++i) {
    const HostileArrays arrays = make_hostile_arrays(seed, first + i);
    elements += arrays.count;
    const std::string text = differences_of(arrays, first + i);
    if (text.empty()) continue;
    if (++wrong == 1) {
      fmt::print("case {} is wrong ({}, {} elements from {} and {}); alone: fuzz_reductions 1 {} {}\n{}  x{}\n  y{}\n",
                 first + i, arrays.kind, arrays.count, arrays.x_begin, arrays.y_begin, seed, first + i, text,
                 first_elements(arrays.x()), first_elements(arrays.y()));
    }
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("{} cases, seed {}, {} elements, {:.1f} s, {} wrong\n", cases, seed, elements, elapsed.count(), wrong);
  return wrong == 0 ? 0 : 1;
}
