#include "base/error.hpp"
#include "support/catch.hpp"
#include "workloads/execute.hpp"
#include "workloads/problem.hpp"

using namespace concdemo;

TEST_CASE("transpose: the same bits by messages, in shared memory and on one rank, for any shape") {
  const auto world = mpi::Comm::world();
  const mpi::Comm self = world.split(world.rank());
  Progress progress(ProgressMode::off, false);
  const Workload& workload = find_workload("transpose");
  for (const Shape& size : {Shape{611, 1003}, {1030, 17}, {2, 900}, {900, 2}, {1, 300}, {3, 3}, {0, 4}, {4, 0}}) {
    Problem problem = generated_problem(workload, size, 7, Fill::uniform);
    const Measurement alone = execute({self, 1}, workload, problem, {}, progress);
    for (const Method method : {Method::exact, Method::plain}) {
      for (const int node_size : {0, 1}) {
        problem.node_size = node_size;
        problem.method = method;
        ExecuteOptions twice;
        twice.repeat = 2;
        const Measurement all = execute({world, 2}, workload, problem, twice, progress);
        INFO(to_text(size) << ", node size " << node_size << ": " << all.verification.failure);
        CHECK(all.verification.ok);
        CHECK(all.result == alone.result);
        if (world.size() == 1 || size[0] < 50 || size[1] < 50) continue;
        CHECK((all.traffic.messages > 0) == (node_size == 1));
        CHECK((all.traffic.shared_bytes > 0) == (node_size == 0));
      }
    }
  }
}

TEST_CASE("transpose: what is no matrix is refused") {
  const Workload& workload = find_workload("transpose");
  Operand cube;
  cube.shape = {2, 3, 4};
  CHECK_THROWS_AS(workload.size_of({cube}), Error);
  CHECK_THROWS_AS(workload.operand_shapes({3}), Error);
}
