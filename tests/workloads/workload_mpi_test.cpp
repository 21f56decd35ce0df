#include "workloads/execute.hpp"

#include <nlohmann/json.hpp>
#include "workloads/problem.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/output.hpp"
#include "system/array.hpp"

using namespace concdemo;

namespace {

Shape small_size(const Workload& workload) {
  return workload.default_size.size() == 3 ? Shape{13, 300, 7} : Shape{17, 601};  // odd in every way
}

}  // namespace

TEST_CASE("every workload verifies and gives the same bits on all ranks, on one, and for any number of threads") {
  const auto world = mpi::Comm::world();
  const mpi::Comm self = world.split(world.rank());
  Progress progress(ProgressMode::off, false);
  for (const Workload* workload : workloads()) {
    for (const Fill fill : {Fill::uniform, Fill::index}) {
      const Problem problem = generated_problem(*workload, small_size(*workload), 7, fill);
      const Measurement alone = execute({self, 1}, *workload, problem, {}, progress);
      for (const int threads : {1, 2, 3}) {
        const Measurement all = execute({world, threads}, *workload, problem, {}, progress);
        INFO(workload->name << ", " << threads << " threads: " << all.verification.failure);
        CHECK(all.verification.ok);
        CHECK(all.result == alone.result);
        CHECK(all.samples.seconds.size() == 1);
        if (workload->can_stream) {
          Problem streamed = problem;
          streamed.stream = true;
          streamed.buffer_bytes = 400'000;
          const Measurement blocks = execute({world, threads}, *workload, streamed, {}, progress);
          CHECK(blocks.verification.ok);
          CHECK(blocks.result == alone.result);
          CHECK(blocks.pipeline.has_value());
        }
        if (!workload->has_dynamic) continue;
        Problem claimed = problem;
        claimed.schedule = Schedule::dynamic;
        const Measurement dynamic = execute({world, threads}, *workload, claimed, {}, progress);
        CHECK(dynamic.verification.ok);
        CHECK(dynamic.result == alone.result);
      }
    }
  }
}

TEST_CASE("every workload takes sizes of 0 and 1 and more ranks than elements") {
  const auto world = mpi::Comm::world();
  Progress progress(ProgressMode::off, false);
  for (const Workload* workload : workloads()) {
    for (const std::uint64_t extent : {0, 1, 2}) {
      const Shape size(workload->default_size.size(), extent);
      const Problem problem = generated_problem(*workload, size, 7, Fill::uniform);
      INFO(workload->name << " of size " << extent);
      CHECK(execute({world, 2}, *workload, problem, {}, progress).verification.ok);
    }
  }
}

TEST_CASE("requests that contradict themselves are refused on every rank") {
  const auto world = mpi::Comm::world();
  Request both;
  both.values = {{1, 2}};
  both.inputs = {"file.h5"};
  CHECK_THROWS_AS(resolve(world, find_workload("sum"), both), Error);
  Request one_operand;
  one_operand.values = {{1, 2}};
  CHECK_THROWS_AS(resolve(world, find_workload("dot"), one_operand), Error);
  Request unequal;
  unequal.values = {{1, 2}, {1, 2, 3}};
  CHECK_THROWS_AS(resolve(world, find_workload("dot"), unequal), Error);
  CHECK_THROWS_AS(find_workload("summ"), Error);
}

namespace {

class FailingJob final : public Job {
 public:
  void execute(const Sink& sink) override {
    sink.submit(0, 0, values_.span().first(1));
    sink.submit(0, 1, values_.span().subspan(1));
    sink.file->wait_until_left(1);  // the second is under way
    throw usage_error("after its submission");
  }
  Verification verify() override { return {}; }
  Json result() const override { return {}; }
  std::string headline() const override { return {}; }

 private:
  Array values_{std::uint64_t{1} << 23};  // 64 MiB: longer in writing than the way out takes
};

}  // namespace

TEST_CASE("a job that fails leaves its arrays to the I/O thread that is writing them") {
  const auto world = mpi::Comm::world();
  if (world.size() > 1) return;  // what one rank submits
  const test::SharedFolder folder(world);
  Progress progress(ProgressMode::off, false);
  Workload workload = *workloads().front();
  workload.prepare = [](const Context&, const Problem&) -> std::unique_ptr<Job> {
    return std::make_unique<FailingJob>();
  };
  const Problem problem = generated_problem(workload, {std::uint64_t{1} << 23}, 1, Fill::index);
  FileSpec spec = test::vectors(folder.path() + "/out.h5", {std::uint64_t{1} << 23});
  const auto file = OutputFile::create(world, spec, {});
  ExecuteOptions options;
  options.sink.file = file.get();
  CHECK_THROWS_AS(execute({world, 1}, workload, problem, options, progress), Error);
}
