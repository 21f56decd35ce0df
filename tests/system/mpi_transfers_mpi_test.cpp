#include "system/mpi_transfers.hpp"

#include <vector>

#include "support/catch.hpp"
#include "system/mpi_shared.hpp"

using namespace concdemo;

TEST_CASE("parts of matrices go round the ranks, into rows of another distance, in the order of each tag") {
  const auto world = mpi::Comm::world();
  const int next = (world.rank() + 1) % world.size(), last = (world.rank() + world.size() - 1) % world.size();
  for (const std::size_t rows : {0, 1, 3, 500}) {
    const std::size_t columns = 100;
    const auto value = [&](int rank, int part, std::size_t i, std::size_t j) {
      return rank * 1e7 + part * 1e6 + static_cast<double>(i * columns + j);
    };
    std::vector<double> sent(2 * rows * 107), received(2 * rows * 103, -1.0);
    for (int part = 0; part < 2; ++part) {
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          sent[(static_cast<std::size_t>(part) * rows + i) * 107 + j] = value(world.rank(), part, i, j);
        }
      }
    }
    mpi::Transfers transfers;
    for (const std::size_t part : {0, 1}) {
      transfers.receive(world, {received.data() + part * rows * 103, rows, columns, 103}, last, 1);
    }
    for (const std::size_t part : {0, 1}) {
      transfers.send(world, {sent.data() + part * rows * 107, rows, columns, 107}, next, 1);
    }
    transfers.poll();
    transfers.wait();
    std::size_t wrong = 0;
    for (int part = 0; part < 2; ++part) {
      for (std::size_t i = 0; i < rows; ++i) {
        const double* row = received.data() + (static_cast<std::size_t>(part) * rows + i) * 103;
        for (std::size_t j = 0; j < columns; ++j) wrong += row[j] != value(last, part, i, j);
        for (std::size_t j = columns; j < 103; ++j) wrong += row[j] != -1.0;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("every rank of a node reads the others' arrays, of any size, and may let their pages go") {
  const auto world = mpi::Comm::world();
  const auto count_of = [](int rank) { return static_cast<std::uint64_t>(rank) * 5000; };  // rank 0 has none
  REQUIRE(mpi::SharedArrays::fit(world, count_of(world.rank())));
  CHECK_FALSE(mpi::SharedArrays::fit(world, std::uint64_t{1} << 50));
  const mpi::SharedArrays arrays(world, count_of(world.rank()));
  for (double& each : arrays.mine()) each = world.rank();
  world.barrier();
  for (int pass = 0; pass < 2; ++pass) {
    for (int rank = 0; rank < world.size(); ++rank) {
      REQUIRE(arrays.of(rank).size() == count_of(rank));
      std::size_t wrong = 0;
      for (const double each : arrays.of(rank)) wrong += each != rank;
      CHECK(wrong == 0);
      arrays.let_go(arrays.of(rank));
    }
  }
  world.barrier();
}
