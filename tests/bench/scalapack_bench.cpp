// ScaLAPACK's pdgemm, for matrix.py: C = A B of order N on a grid of all ranks, block-cyclic in blocks of NB.
//
// mpirun -n P scalapack_bench N NB REPEATS      prints the median seconds of REPEATS runs after one
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" {
void Cblacs_pinfo(int* rank, int* ranks);
void Cblacs_get(int context, int what, int* value);
void Cblacs_gridinit(int* context, const char* order, int rows, int columns);
void Cblacs_gridinfo(int context, int* rows, int* columns, int* row, int* column);
void Cblacs_barrier(int context, const char* scope);
void Cblacs_exit(int keep_mpi);
int numroc_(const int* n, const int* nb, const int* place, const int* source, const int* places);
void descinit_(int* descriptor, const int* m, const int* n, const int* mb, const int* nb, const int* row,
               const int* column, const int* context, const int* leading, int* info);
void pdgemm_(const char* ta, const char* tb, const int* m, const int* n, const int* k, const double* alpha,
             const double* a, const int* ia, const int* ja, const int* desc_a, const double* b, const int* ib,
             const int* jb, const int* desc_b, const double* beta, double* c, const int* ic, const int* jc,
             const int* desc_c);
}

int main(int, char** argv) {
  const int n = std::atoi(argv[1]), nb = std::atoi(argv[2]), repeats = std::atoi(argv[3]);
  int rank, ranks, context, rows, columns, row, column;
  Cblacs_pinfo(&rank, &ranks);
  rows = static_cast<int>(std::sqrt(ranks));
  while (ranks % rows != 0) --rows;
  Cblacs_get(-1, 0, &context);
  Cblacs_gridinit(&context, "Row", rows, ranks / rows);
  Cblacs_gridinfo(context, &rows, &columns, &row, &column);
  const int zero = 0, one = 1;
  const int local_rows = numroc_(&n, &nb, &row, &zero, &rows);
  const int local_columns = numroc_(&n, &nb, &column, &zero, &columns);
  const int leading = std::max(1, local_rows);
  int descriptor[9], info;
  descinit_(descriptor, &n, &n, &nb, &nb, &zero, &zero, &context, &leading, &info);
  const auto count = static_cast<std::size_t>(leading) * static_cast<std::size_t>(std::max(1, local_columns));
  std::vector<double> a(count), b(count), c(count);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = std::sin(static_cast<double>(i));
    b[i] = std::cos(static_cast<double>(i));
  }
  const double alpha = 1, beta = 0;
  std::vector<double> seconds;
  for (int i = 0; i <= repeats; ++i) {
    Cblacs_barrier(context, "All");
    const auto start = std::chrono::steady_clock::now();
    pdgemm_("N", "N", &n, &n, &n, &alpha, a.data(), &one, &one, descriptor, b.data(), &one, &one, descriptor, &beta,
            c.data(), &one, &one, descriptor);
    Cblacs_barrier(context, "All");
    if (i > 0) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  if (rank == 0) std::printf("%.9f\n", seconds[seconds.size() / 2]);
  Cblacs_exit(0);
}
