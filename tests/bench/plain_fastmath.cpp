// The peer of our reductions: textbook loops with everything the compiler may do, -O3 -march=native -ffast-math. A
// program of its own, for such code must not share a process with ours.
//
// plain_fastmath N THREADS REPEATS      see turns.hpp
#include "turns.hpp"

#include <immintrin.h>

namespace {

double sum(const double* x, std::ptrdiff_t n, int threads) {
  double total = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(x) schedule(static) reduction(+ : total)
  for (std::ptrdiff_t i = 0; i < n; ++i) total += x[i];
  return total;
}

double dot(const double* x, const double* y, std::ptrdiff_t n, int threads) {
  double total = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(x, y) schedule(static) reduction(+ : total)
  for (std::ptrdiff_t i = 0; i < n; ++i) total += x[i] * y[i];
  return total;
}

double sumsq(const double* x, std::ptrdiff_t n, int threads) {
  double total = 0;
#pragma omp parallel for simd num_threads(threads) firstprivate(x) schedule(static) reduction(+ : total)
  for (std::ptrdiff_t i = 0; i < n; ++i) total += x[i] * x[i];
  return total;
}

// Sum, sum of squares, minimum and maximum in one pass.
double stats(const double* x, std::ptrdiff_t n, int threads) {
  double total = 0, squares = 0, low = x[0], high = x[0];
#pragma omp parallel for simd num_threads(threads) firstprivate(x) schedule(static) reduction(+ : total, squares) \
    reduction(min : low) reduction(max : high)
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    total += x[i];
    squares += x[i] * x[i];
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  return total + squares + low + high;
}

double square(const double* x, double* y, std::ptrdiff_t n, int threads) {
#pragma omp parallel for simd num_threads(threads) firstprivate(x, y) schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
  return y[n / 2];
}

// With non-temporal stores, past the caches.
double copy(const double* x, double* y, std::ptrdiff_t n, int threads) {
  constexpr std::ptrdiff_t lanes = sizeof(__m256d) / sizeof(double);
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < n / lanes; ++i) _mm256_stream_pd(y + lanes * i, _mm256_load_pd(x + lanes * i));
    _mm_sfence();
  }
  for (std::ptrdiff_t i = n / lanes * lanes; i < n; ++i) y[i] = x[i];
  return y[n / 2];
}

}  // namespace

int main(int, char** argv) {
  const auto n = static_cast<std::ptrdiff_t>(std::atof(argv[1]));
  const int threads = std::atoi(argv[2]);
  const auto first = turns::make_array(static_cast<std::size_t>(n), threads, 1);
  const auto second = turns::make_array(static_cast<std::size_t>(n), threads, 1u << 30);
  const double* x = first.get();
  double* y = second.get();
  turns::take_turns({{"sum", [=] { return sum(x, n, threads); }},
                     {"sumsq", [=] { return sumsq(x, n, threads); }},
                     {"dot", [=] { return dot(x, y, n, threads); }},
                     {"stats", [=] { return stats(x, n, threads); }},
                     {"square", [=] { return square(x, y, n, threads); }},
                     {"copy", [=] { return copy(x, y, n, threads); }}},
                    std::atoi(argv[3]));
}
