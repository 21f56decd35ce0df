#include "workloads/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "format/checksum.hpp"
#include "workloads/reduction_input.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {

RankPart::RankPart(const Context& in, const Problem& problem)
    : context(in),
      range(part_of(element_count(problem.size), static_cast<std::uint64_t>(in.comm.size()),
                    static_cast<std::uint64_t>(in.comm.rank()))) {}

void RankPart::for_each_piece(const Sink& sink, const std::function<void(std::uint64_t, std::uint64_t)>& piece) const {
  if (sink.file == nullptr) return piece(0, range.size());
  const std::uint64_t step = (std::uint64_t{1} << 20) * static_cast<std::uint64_t>(context.threads);
  for (std::uint64_t begin = 0; begin < range.size(); begin += step) piece(begin, std::min(begin + step, range.size()));
}

std::string RankPart::checksum(const Array& data) const {
  return fmt::format("{:016x}", context.comm.sum(concdemo::checksum(range.begin, data.span())));
}

Verification RankPart::verification(const std::string& against, std::uint64_t wrong) const {
  wrong = context.comm.min(wrong);
  if (wrong == no_element) return {true, against, ""};
  return {false, against, fmt::format("element {} differs", wrong)};
}

namespace {

constexpr std::size_t most_operands = 2;
constexpr std::size_t piece_elements = ConversionBuffers::elements;  // of each operand; they stay in a thread's cache

using Pieces = std::array<std::span<const double>, most_operands>;

// The first element of y, counted from `first`, that the reference has otherwise.
std::uint64_t first_wrong(const Elementwise& workload, Operands x, std::span<const double> y, std::uint64_t first) {
  thread_local std::vector<double> expected(piece_elements);
  const std::span<double> reference(expected.data(), y.size());
  workload.reference(x, reference);
  const auto [wrong, other] = std::mismatch(y.begin(), y.end(), reference.begin(), same_bits);
  return wrong == y.end() ? RankPart::no_element : first + static_cast<std::uint64_t>(wrong - y.begin());
}

class ElementwiseJob : public Job {
 public:
  ElementwiseJob(const Context& context, const Problem& problem, Elementwise workload)
      : part_(context, problem), workload_(std::move(workload)) {}
  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 protected:
  RankPart part_;
  Elementwise workload_;
  std::string checksum_;
};

class InMemory final : public ElementwiseJob {
 public:
  InMemory(const Context& context, const Problem& problem, Elementwise workload)
      : ElementwiseJob(context, problem, std::move(workload)) {
    for (const Operand& operand : problem.operands) {
      ConvertCounts loaded;
      x_.push_back(load_range(context, operand, part_.range, loaded));
      counts += total_over_ranks(context.comm, loaded);
    }
    mpi::together(context.comm, [&] { y_ = Array(part_.range.size()); });
  }

  void execute(const Sink& sink) override {
    part_.for_each_piece(sink, [&](std::uint64_t begin, std::uint64_t end) {
      const auto y = y_.span().subspan(begin, end - begin);
      workload_.compute(operands(begin, end), y, part_.context.threads);
      sink.submit(0, part_.range.begin + begin, y);
    });
  }

  Verification verify() override {
    checksum_ = part_.checksum(y_);
    std::uint64_t wrong = RankPart::no_element;
    const std::size_t n = y_.size();
#pragma omp parallel for num_threads(part_.context.threads) schedule(static) reduction(min : wrong)
    for (std::size_t at = 0; at < n; at += piece_elements) {
      const std::size_t end = std::min(at + piece_elements, n);
      const auto y = std::as_const(y_).span().subspan(at, end - at);
      wrong = std::min(wrong, first_wrong(workload_, operands(at, end), y, part_.range.begin + at));
    }
    return part_.verification(workload_.reference_name + ", every element", wrong);
  }

 private:
  Pieces operands(std::uint64_t begin, std::uint64_t end) const {
    Pieces pieces;
    for (std::size_t k = 0; k < x_.size(); ++k) pieces[k] = x_[k].span().subspan(begin, end - begin);
    return pieces;
  }

  std::vector<Array> x_;
  Array y_;
};

class Streamed final : public ElementwiseJob {
 public:
  Streamed(const Context& context, const Problem& problem, Elementwise workload)
      : ElementwiseJob(context, problem, std::move(workload)),
        plan_(plan_blocks(problem.operands, 1, problem.buffer_bytes)) {
    mpi::together(context.comm, [&] {
      for (Array& result : results_) result = Array(std::min(plan_.elements, part_.range.size()));
    });
  }

  void execute(const Sink& sink) override {
    wrong_ = RankPart::no_element;
    ConvertCounts loaded;
    std::uint64_t sum = 0;
    std::size_t turn = 0;
    double stalled_s = 0;  // by the writer
    const double write_s = sink.file != nullptr ? sink.file->write_busy_s() : 0;
    pipeline_ = stream_blocks(part_.context.comm, plan_, part_.range, [&](const ReadAhead::Block& block) {
      Array& result = results_[turn++ % blocks_in_memory];
      // Of three arrays one is computed while two are written.
      const double start = now_s();
      if (sink.file != nullptr) sink.file->wait_until_left(blocks_in_memory - 1);
      stalled_s += now_s() - start;
      const auto y = result.span().first(static_cast<std::size_t>(block.range.size()));
      compute(block, y, loaded, sum);
      sink.submit(0, block.range.begin, y);
    });
    pipeline_->compute_s -= stalled_s;
    if (sink.file != nullptr) {
      sink.file->wait_until_left(0);
      pipeline_->write_s = sink.file->write_busy_s() - write_s;
    }
    counts = total_over_ranks(part_.context.comm, loaded);
    checksum_ = fmt::format("{:016x}", part_.context.comm.sum(sum));
  }

  Verification verify() override {
    return part_.verification(workload_.reference_name + ", every element, as the blocks pass", wrong_);
  }

  std::optional<Pipeline> pipeline() const override { return pipeline_; }

 private:
  // Converts, computes, sums up and checks in pieces that stay in a thread's cache.
  void compute(const ReadAhead::Block& block, std::span<double> y, ConvertCounts& loaded, std::uint64_t& checksums) {
    std::uint64_t missing = 0, inexact = 0, sum = 0, wrong = wrong_;
    const std::size_t n = y.size();
#pragma omp parallel num_threads(part_.context.threads) reduction(+ : missing, inexact, sum) reduction(min : wrong)
    {
      thread_local ConversionBuffers buffers;
#pragma omp for schedule(static)
      for (std::size_t at = 0; at < n; at += piece_elements) {
        const std::size_t count = std::min(piece_elements, n - at);
        Pieces x;
        ConvertCounts found;
        for (std::size_t k = 0; k < block.operands->size(); ++k) {
          x[k] = buffers.elements_of(k, (*block.operands)[k], at, count, found);
        }
        missing += found.missing;
        inexact += found.inexact;
        const auto out = y.subspan(at, count);
        workload_.compute(x, out, 1);
        sum += checksum(block.range.begin + at, out);
        wrong = std::min(wrong, first_wrong(workload_, x, out, block.range.begin + at));
      }
    }
    loaded += {missing, inexact};
    checksums += sum;
    wrong_ = wrong;
  }

  BlockPlan plan_;
  Array results_[blocks_in_memory];
  std::uint64_t wrong_ = RankPart::no_element;  // the first element that is
  std::optional<Pipeline> pipeline_;
};

}  // namespace

std::unique_ptr<Job> make_elementwise(const Context& context, const Problem& problem, Elementwise workload) {
  if (problem.stream) return std::make_unique<Streamed>(context, problem, std::move(workload));
  return std::make_unique<InMemory>(context, problem, std::move(workload));
}

}  // namespace concdemo
