// What one would write: a sweep a step from one array to another, built -O3 -march=native -ffast-math; for heat.py.
//
// plain_heat N THREADS REPEATS      see turns.hpp; kernels "plain", and "streamed" where the CPU has AVX-512 or AVX2
#include "turns.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace {

struct Grid {
  const double* __restrict in;
  double* __restrict out;
  long n, stride;
};
constexpr double alpha = 0.2;

inline double point(const double* u, long stride) {
  return *u + alpha * (((u[-stride] + u[stride]) + (u[-1] + u[1])) - 4 * *u);
}

void plain(const Grid& grid, int threads) {
  const auto [in, out, n, stride] = grid;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long i = 1; i < n - 1; ++i) {
    for (long j = 1; j < n - 1; ++j) out[i * stride + j] = point(in + i * stride + j, stride);
  }
}

#ifdef __AVX2__
#ifdef __AVX512F__
using Vector = __m512d;
constexpr long lanes = 8;
Vector load(const double* p) { return _mm512_loadu_pd(p); }
void stream(double* p, Vector v) { _mm512_stream_pd(p, v); }
#else
using Vector = __m256d;
constexpr long lanes = 4;
Vector load(const double* p) { return _mm256_loadu_pd(p); }
void stream(double* p, Vector v) { _mm256_stream_pd(p, v); }
#endif

// Stores past the caches: the line that is written is not read before.
void streamed(const Grid& grid, int threads) {
  const auto [in, out, n, stride] = grid;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (long i = 1; i < n - 1; ++i) {
    long j = 1;
    for (; j < lanes; ++j) out[i * stride + j] = point(in + i * stride + j, stride);
    for (; j + lanes <= n - 1; j += lanes) {
      const double* u = in + i * stride + j;
      const Vector sum = (load(u - stride) + load(u + stride)) + (load(u - 1) + load(u + 1));
      stream(out + i * stride + j, load(u) + alpha * (sum - 4 * load(u)));
    }
    for (; j < n - 1; ++j) out[i * stride + j] = point(in + i * stride + j, stride);
  }
}
#endif

}  // namespace

int main(int, char** argv) {
  const auto n = static_cast<long>(std::atof(argv[1]));
  const int threads = std::atoi(argv[2]);
  const long stride = n + 8;
  const auto first = turns::make_array(static_cast<std::size_t>(n * stride), threads, 1);
  const auto second = turns::make_array(static_cast<std::size_t>(n * stride), threads, 2);
  const Grid grid{first.get(), second.get(), n, stride};
  std::map<std::string, std::function<double()>> kernels;
  kernels["plain"] = [=] { return plain(grid, threads), grid.out[n / 2 * stride + n / 2]; };
#ifdef __AVX2__
  kernels["streamed"] = [=] { return streamed(grid, threads), grid.out[n / 2 * stride + n / 2]; };
#endif
  turns::take_turns(kernels, std::atoi(argv[3]));
}
