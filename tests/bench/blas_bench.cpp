// The BLAS that is linked, for matrix.py; see turns.hpp. OPENBLAS_NUM_THREADS says how many threads.
//
// blas_bench matmul|matvec THREADS MxKxN|MxN      kernel: blas (THREADS touch the arrays first)
#include <cblas.h>

#include "matrix_size.hpp"
#include "turns.hpp"

int main(int, char** argv) {
  const std::string kind = argv[1];
  const int threads = std::atoi(argv[2]);
  const auto size = turns::matrix_size(argv[3]);
  const std::size_t m = size[0], k = size[1], n = size[2];
  const bool product = kind == "matmul";
  const auto a = turns::make_array(m * k, threads, 1), b = turns::make_array(product ? k * n : k, threads, 1u << 30),
             c = turns::make_array(product ? m * n : m, threads, 2u << 30);
  const int rows = static_cast<int>(m), inner = static_cast<int>(k), columns = static_cast<int>(n);
  const auto dgemm = [&] {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, inner, 1, a.get(), inner, b.get(), columns, 0,
                c.get(), columns);
    return c.get()[m * n / 2];
  };
  const auto dgemv = [&] {
    cblas_dgemv(CblasRowMajor, CblasNoTrans, rows, inner, 1, a.get(), inner, b.get(), 1, 0, c.get(), 1);
    return c.get()[m / 2];
  };
  const auto kernel = product ? std::function<double()>(dgemm) : std::function<double()>(dgemv);
  const auto flops = 2.0 * static_cast<double>(m * k * std::max<std::size_t>(n, 1));
  turns::take_turns({{"blas", kernel}}, turns::repeats_of(flops));
}
