// FFTW-MPI's transpose (planned with FFTW_MEASURE), for matrix.py: an M x N matrix in row blocks over all ranks.
//
// mpirun -n P fftw_bench MxN REPEATS      prints the median seconds of REPEATS runs after one
#include <fftw3-mpi.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "matrix_size.hpp"

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  fftw_mpi_init();
  const auto size = turns::matrix_size(argv[1]);
  const int repeats = std::atoi(argv[2]);
  const auto rows = static_cast<std::ptrdiff_t>(size[0]), columns = static_cast<std::ptrdiff_t>(size[1]);
  const MPI_Comm all = MPI_COMM_WORLD;
  std::ptrdiff_t local_rows, first_row, local_columns, first_column;
  const std::ptrdiff_t count =
      fftw_mpi_local_size_2d_transposed(rows, columns, all, &local_rows, &first_row, &local_columns, &first_column);
  const auto values = static_cast<std::size_t>(2 * count);  // of complex ones, for which it counts
  double* from = fftw_alloc_real(values);
  double* to = fftw_alloc_real(values);
  const fftw_plan plan = fftw_mpi_plan_transpose(rows, columns, from, to, all, FFTW_MEASURE);
  for (std::size_t i = 0; i < values; ++i) from[i] = to[i] = static_cast<double>(i);
  std::vector<double> seconds;
  for (int i = 0; i <= repeats; ++i) {
    MPI_Barrier(all);
    const double start = MPI_Wtime();
    fftw_execute(plan);
    MPI_Barrier(all);
    if (i > 0) seconds.push_back(MPI_Wtime() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  int rank;
  MPI_Comm_rank(all, &rank);
  if (rank == 0) std::printf("%.9f\n", seconds[seconds.size() / 2]);
  fftw_destroy_plan(plan);
  fftw_free(from);
  fftw_free(to);
  MPI_Finalize();
}
