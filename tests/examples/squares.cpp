// Python: with multiprocessing.Pool() as pool: print(sum(pool.map(square, [1, 2, 3, 4, 5])))
// Here the workers are all ranks and their threads: mpirun -n 4 ./squares
#include <concdemo/mpi.hpp>
#include <concdemo/rank_pool.hpp>

#include <cstdio>
#include <vector>

int main() {
  const concdemo::mpi::Session session;
  const concdemo::mpi::Comm world = concdemo::mpi::Comm::world();
  concdemo::RankPool pool(world, {.threads = 2});

  const std::vector<int> squares = pool.map(std::vector<int>{1, 2, 3, 4, 5}, [](int x) { return x * x; });
  int sum = 0;
  for (const int square : squares) sum += square;
  if (world.is_root()) std::printf("%d\n", sum);
  return sum == 55 ? 0 : 1;
}
