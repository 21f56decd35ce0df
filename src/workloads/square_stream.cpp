#include "workloads/square_stream.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "format/checksum.hpp"
#include "kernels/square.hpp"
#include "workloads/elements.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {

double scalar_square(const volatile double& x) {
  const double value = x;
  return value * value;
}

namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};

class SquareStream final : public Job {
 public:
  SquareStream(const Context& context, const Problem& problem)
      : context_(context),
        plan_(plan_blocks(problem.operands, 1, problem.buffer_bytes)),
        part_(part_of(element_count(problem.size), static_cast<std::uint64_t>(context.comm.size()),
                      static_cast<std::uint64_t>(context.comm.rank()))) {
    mpi::together(context.comm, [&] {
      for (Array& result : results_) result = Array(std::min(plan_.elements, part_.size()));
    });
  }

  void execute(const Sink& sink) override {
    found_ = {};
    std::size_t turn = 0;
    double stalled_s = 0;  // by the writer
    const double write_s = sink.file != nullptr ? sink.file->write_busy_s() : 0;
    pipeline_ = stream_blocks(context_.comm, plan_, part_, [&](const Feed::Block& block) {
      Array& result = results_[turn++ % blocks_in_memory];
      // Of three arrays one is computed while two are written.
      const double start = now_s();
      if (sink.file != nullptr) sink.file->wait_until_left(blocks_in_memory - 1);
      stalled_s += now_s() - start;
      const auto y = result.span().first(static_cast<std::size_t>(block.range.size()));
      square_block(block, y);
      sink.submit(0, block.range.begin, y);
    });
    pipeline_->compute_s -= stalled_s;
    if (sink.file != nullptr) {
      sink.file->wait_until_left(0);
      pipeline_->write_s = sink.file->write_busy_s() - write_s;
    }
    counts = {context_.comm.sum(found_.counts.missing), context_.comm.sum(found_.counts.inexact)};
    checksum_ = fmt::format("{:016x}", context_.comm.sum(found_.checksum));
  }

  Verification verify() override {
    const std::string against = "scalar product, every element, as the blocks pass";
    const std::uint64_t wrong = context_.comm.min(found_.first_wrong);
    if (wrong == none) return {true, against, ""};
    return {false, against, fmt::format("element {} differs", wrong)};
  }

  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }
  std::optional<Pipeline> pipeline() const override { return pipeline_; }

 private:
  struct Found {
    LoadCounts counts;
    std::uint64_t checksum = 0;
    std::uint64_t first_wrong = none;  // element whose square is not the scalar one
  };

  // Converts, squares, sums up and checks in pieces that stay in a thread's cache.
  void square_block(const Feed::Block& block, std::span<double> y) {
    const Stored& stored = block.operands->front();
    std::uint64_t missing = 0, inexact = 0, sum = 0, wrong = found_.first_wrong;
    const std::size_t n = y.size();
#pragma omp parallel num_threads(context_.threads) reduction(+ : missing, inexact, sum) reduction(min : wrong)
    {
      thread_local Converted converted;
#pragma omp for schedule(static)
      for (std::size_t at = 0; at < n; at += Converted::elements) {
        const std::size_t count = std::min(Converted::elements, n - at);
        std::span<const double> x;
        if (!stored.doubles().empty()) {
          x = stored.doubles().subspan(at, count);
        } else {
          const LoadCounts loaded = converted.load_all(stored, at, count);
          missing += loaded.missing;
          inexact += loaded.inexact;
          x = {converted.values[0].data(), count};
        }
        const auto out = y.subspan(at, count);
        square(x, out, 1);
        sum += checksum(block.range.begin + at, out);
        for (std::size_t i = 0; i < count; ++i) {
          if (!same_bits(out[i], scalar_square(x[i]))) wrong = std::min(wrong, block.range.begin + at + i);
        }
      }
    }
    found_.counts.missing += missing;
    found_.counts.inexact += inexact;
    found_.checksum += sum;
    found_.first_wrong = wrong;
  }

  Context context_;
  BlockPlan plan_;
  Range part_;
  Array results_[blocks_in_memory];
  Found found_;
  std::optional<Pipeline> pipeline_;
  std::string checksum_;
};

}  // namespace

std::unique_ptr<Job> make_square_stream(const Context& context, const Problem& problem) {
  return std::make_unique<SquareStream>(context, problem);
}

}  // namespace concdemo
