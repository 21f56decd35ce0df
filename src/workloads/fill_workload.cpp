#include "kernels/fill.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "workloads/descriptor.hpp"
#include "workloads/elementwise.hpp"
#include "workloads/list.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

class FillJob final : public Job {
 public:
  FillJob(const Context& context, const Problem& problem)
      : part_(context, problem), operand_(problem.operands.front()) {
    mpi::together(context.comm, [&] { x_ = Array(part_.range.size()); });
  }

  void execute(const Sink& sink) override {
    part_.for_each_piece(sink, [&](std::uint64_t begin, std::uint64_t end) {
      const auto piece = x_.span().subspan(begin, end - begin);
      std::vector<std::uint8_t> none;
      load(operand_, {part_.range.begin + begin, part_.range.begin + end}, piece, none, part_.context.threads);
      sink.submit(0, part_.range.begin + begin, piece);
    });
  }

  Verification verify() override {
    checksum_ = part_.checksum(x_);
    const auto expected = [this](std::uint64_t index) {
      if (operand_.source == Operand::Source::values) return operand_.values[index];
      return operand_.fill == Fill::index ? static_cast<double>(index)
                                          : uniform_at(operand_.seed, operand_.stream, index);
    };
    std::uint64_t wrong = RankPart::no_element;
    for (std::uint64_t i = 0; i < x_.size() && wrong == RankPart::no_element; i += 61) {
      if (!same_bits(x_.span()[i], expected(part_.range.begin + i))) wrong = part_.range.begin + i;
    }
    return part_.verification("scalar generator, every 61st element", wrong);
  }

  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  RankPart part_;
  const Operand& operand_;
  Array x_;
  std::string checksum_;
};

}  // namespace

const Workload fill_workload{
    .name = "fill",
    .summary = "generated data from a counter-based generator; writes /x",
    .operands = 1,
    .reads_files = false,
    .default_size = {100'000'000},
    .tour_size = {2'000'000},
    .cost = cost_per_element(0, 8, Bound::none),
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> { return {dataset_like("x", problem.size)}; },
    .memory_bytes = arrays_over_ranks(1),
    .prepare = prepare_as<FillJob>};

}  // namespace concdemo
