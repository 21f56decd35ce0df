// The sum of numbers that a plain loop gets wrong, over the ranks of an MPI program of one's own: the same bits for any
// number of ranks, and for parts that were saved and loaded in between.
#include <mpi.h>
#include <concdemo/exact_sum.hpp>
#include <concdemo/mpi_exact_sum.hpp>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);

  std::vector<double> mine;
  for (int i = rank; i < 3000; i += ranks) mine.push_back(i % 3 == 0 ? 1e100 : i % 3 == 1 ? 0.1 : -1e100);

  concdemo::ExactSum sum;
  sum.add(mine);
  const concdemo::ExactSum::Saved saved = sum.save();  // bytes for a file or another machine
  concdemo::ExactSum loaded;
  loaded.load(saved);
  const int code = concdemo::exact_allreduce(loaded, MPI_COMM_WORLD);

  double plain = 0;
  for (const double value : mine) plain += value;
  MPI_Allreduce(MPI_IN_PLACE, &plain, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  if (rank == 0) std::printf("exact %.17g, plain %.17g\n", loaded.round(), plain);
  MPI_Finalize();
  return code == MPI_SUCCESS ? 0 : 1;
}
