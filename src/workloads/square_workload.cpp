#include "kernels/square.hpp"

#include <nlohmann/json.hpp>

#include "workloads/elementwise.hpp"
#include "workloads/list.hpp"
#include "workloads/square_stream.hpp"

namespace concdemo {
namespace {

class SquareJob final : public Job {
 public:
  SquareJob(const Context& context, const Problem& problem)
      : share_(context, problem), plain_(problem.method == Method::plain) {
    x_ = load_range(context, problem.operands.front(), share_.range, counts);
    counts = total_over_ranks(context.comm, counts);
    mpi::together(context.comm, [&] { y_ = Array(share_.range.size()); });
  }

  void execute(const Sink& sink) override {
    share_.for_each_piece(sink, [&](std::uint64_t begin, std::uint64_t end) {
      const std::span<const double> x = std::as_const(x_).span().subspan(begin, end - begin);
      const std::span<double> y = y_.span().subspan(begin, end - begin);
      (plain_ ? square_plain : square)(x, y, share_.context.threads);
      sink.submit(0, share_.range.begin + begin, y);
    });
  }

  Verification verify() override {
    checksum_ = share_.checksum(y_);
    return share_.verify(y_, "scalar product, every element", 1,
                         [this](std::uint64_t i) { return scalar_square(x_.span()[i]); });
  }

  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  Share share_;
  bool plain_;
  Array x_;
  Array y_;
  std::string checksum_;
};

}  // namespace

const Workload square_workload{
    .name = "square",
    .summary = "y = x*x, element by element; writes /y",
    .operands = 1,
    .has_plain = true,
    .can_stream = true,
    .default_size = {100'000'000},
    .tour_size = {2'000'000},
    .cost = cost_per_element(1, 16, Bound::copy),
    .operand_shapes = one_operand_shape,
    .size_of = common_shape,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> { return {dataset_like("y", problem.size)}; },
    .memory_bytes = shared_arrays(2),
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      if (problem.stream) return make_square_stream(context, problem);
      return std::make_unique<SquareJob>(context, problem);
    }};

}  // namespace concdemo
