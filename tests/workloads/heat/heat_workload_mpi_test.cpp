#include "workloads/heat/heat_workload.hpp"

#include <any>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "workloads/list.hpp"
#include "workloads/problem.hpp"

using namespace concdemo;

namespace {

Problem heat_problem(std::uint64_t rows, std::uint64_t columns, std::uint64_t steps) {
  Problem problem = generated_problem(heat_workload, {rows, columns}, 3, Fill::uniform);
  std::any_cast<HeatOptions&>(problem.own).steps = steps;
  return problem;
}

Json run(const mpi::Comm& comm, const Problem& problem, int threads) {
  const auto job = heat_workload.prepare({comm, threads}, problem);
  job->execute({});
  job->execute({});  // from the start again
  const Verification verification = job->verify();
  INFO(verification.failure);
  CHECK(verification.ok);
  return job->result();
}

}  // namespace

TEST_CASE("heat gives one rank's bits on any number of ranks, more than there are rows among them") {
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm self = world.split(world.rank());
  struct Case {
    std::uint64_t rows, columns, steps;
  };
  for (const auto& [rows, columns, steps] : std::vector<Case>{
           {67, 41, 30}, {5, 300, 17}, {300, 3, 9}, {2, 2, 4}, {1, 1, 1}, {0, 5, 3}, {40, 40, 0}, {200, 210, 100}}) {
    INFO(rows << " x " << columns << ", " << steps << " steps");
    const Problem problem = heat_problem(rows, columns, steps);
    CHECK(run(world, problem, 2) == run(self, problem, 1));
  }
}

TEST_CASE("a wrong point of heat's result is found where it is sampled, and one out of the start's range anywhere") {
  const mpi::Comm world = mpi::Comm::world();
  const Context context{world, 1};
  const Problem problem = heat_problem(60, 50, 20);
  HeatSolver solver(context, 60, 50, heat_options(problem).alpha, 3);
  const HeatStart start = start_from(problem.operands.front(), 1);
  const auto checked = [&](std::uint64_t row, std::uint64_t column, double factor) {
    load_start(context, start, solver);
    solver.advance(heat_options(problem).steps);
    const Tile& tile = solver.tile();
    if (row >= tile.rows.begin && row < tile.rows.end && column >= tile.columns.begin && column < tile.columns.end) {
      const MatrixSpan values = solver.values();
      values.data[(row - tile.rows.begin) * values.stride + column - tile.columns.begin] *= factor;
    }
    return check_heat(context, problem, solver, start).ok;
  };
  CHECK(checked(0, 0, 1));
  CHECK_FALSE(checked(0, 0, 1 + 1e-15));
  CHECK_FALSE(checked(59, 49, 1 + 1e-15));
  CHECK_FALSE(checked(31, 17, 1e3));
}

TEST_CASE("messages of heat fall with the number of steps a pass") {
  const mpi::Comm world = mpi::Comm::world();
  if (world.size() == 1) return;
  const Context context{world, 1};
  HeatSolver solver(context, 600, 50, 0.2, 2);
  const auto sent = [&](std::uint64_t steps) {
    const mpi::Traffic before = world.traffic();
    solver.advance(steps);
    return world.traffic().messages - before.messages;
  };
  CHECK(sent(1) == sent(8));
  CHECK(sent(32) == 4 * sent(8));
}
