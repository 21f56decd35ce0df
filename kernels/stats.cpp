#include "kernels/stats.hpp"

#include "kernels/accumulate_parts.hpp"
#include "kernels/extremes.hpp"
#include "kernels/square_sums.hpp"

#include <cmath>

namespace concdemo {
namespace {

bool less(double a, double b) { return a < b || (a == b && std::signbit(a) && !std::signbit(b)); }

// Widens [min, max] to take in [low, high].
void widen(double& min, double& max, double low, double high) {
  if (std::isnan(min) || std::isnan(low)) {
    min = max = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  if (less(low, min)) min = low;
  if (less(max, high)) max = high;
}

void note_elements(Moments& moments, std::uint64_t count, double low, double high) {
  if (moments.count == 0) {
    moments.min = std::numeric_limits<double>::infinity();
    moments.max = -moments.min;
  }
  widen(moments.min, moments.max, low, high);
  moments.count += count;
}

}  // namespace

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  note_elements(*this, other.count, other.min, other.max);
  sum.merge(other.sum);
  squares.merge(other.squares);
}

void Moments::add(std::span<const double> x) {
  if (x.empty()) return;
  Extremes extremes;
  add_moments(sum, squares, extremes, x);
  note_elements(*this, x.size(), extremes.min(), extremes.max());
}

void Moments::add_reference(std::span<const double> x) {
  for (const double value : x) {
    note_elements(*this, 1, value, value);
    sum.add(value);
    squares.add(value, value);
  }
}

PlainMoments moments_plain(std::span<const double> x, int threads) {
  PlainMoments result;
  if (x.empty()) return result;
  const auto n = static_cast<std::ptrdiff_t>(x.size());
  const double* in = x.data();
  double low = x[0], high = x[0], sum = 0, squares = 0;
// Not simd: clang does not vectorise minima of doubles, which may be NaN, and says so.
#pragma omp parallel for num_threads(threads) firstprivate(in) schedule(static) reduction(+ : sum, squares) \
    reduction(min : low) reduction(max : high)
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    sum += in[i];
    squares += in[i] * in[i];
    low = in[i] < low ? in[i] : low;
    high = in[i] > high ? in[i] : high;
  }
  return {x.size(), low, high, sum, squares};
}

Moments moments_reference(std::span<const double> x, int threads) {
  return accumulate_parts<Moments>(x.size(), threads, [x](Moments& moments, std::size_t begin, std::size_t end) {
    moments.add_reference(x.subspan(begin, end - begin));
  });
}

}  // namespace concdemo
