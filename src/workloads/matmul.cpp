#include "kernels/matmul.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engine/checksum.hpp"
#include "kernels/fill.hpp"
#include "workloads/list.hpp"
#include "workloads/numbers.hpp"
#include "workloads/parts.hpp"

namespace concdemo {
namespace {

// C = A B by row blocks: each rank holds its rows of A and C, and the whole of B.
class MatmulJob final : public Job {
 public:
  MatmulJob(const Context& context, const Problem& problem)
      : context_(context),
        plain_(problem.method == Method::plain),
        k_(problem.size[1]),
        n_(problem.size[2]),
        rows_(part_of(problem.size[0], static_cast<std::uint64_t>(context.comm.size()),
                      static_cast<std::uint64_t>(context.comm.rank()))) {
    LoadCounts whole;  // of B, the same on every rank
    a_ = load_range(context, problem.operands[0], {rows_.begin * k_, rows_.end * k_}, counts);
    b_ = load_range(context, problem.operands[1], {0, k_ * n_}, whole);
    counts = total_over_ranks(context.comm, counts);
    counts.missing += whole.missing;
    counts.inexact += whole.inexact;
    if (counts.missing > 0) {
      throw usage_error(fmt::format("matmul needs whole matrices; {} elements of the input are missing values", counts.missing));
    }
    mpi::together(context.comm, [&] { c_ = Array(rows_.size() * n_); });
  }

  void execute(const Sink& sink) override {
    // Panels of rows, so that one is written while the next is computed.
    const std::uint64_t step = std::max<std::uint64_t>(64, rows_.size() / 8);
    for (std::uint64_t row = 0; row < rows_.size(); row += step) {
      const std::uint64_t m = std::min(step, rows_.size() - row);
      const auto c = c_.span().subspan(row * n_, m * n_);
      (plain_ ? matmul_plain : matmul)(std::as_const(a_).span().subspan(row * k_, m * k_), b_.span(), c, m, k_, n_,
                                       context_.threads);
      sink.submit(0, (rows_.begin + row) * n_, c);
    }
  }

  Verification verify() override {
    checksum_ = fmt::format("{:016x}", context_.comm.sum(checksum(rows_.begin * n_, c_.span())));
    constexpr std::uint64_t samples = 64;
    std::uint64_t wrong = 0;
    for (std::uint64_t s = 0; s < samples && c_.size() > 0; ++s) {
      const auto at = std::min(static_cast<std::uint64_t>(uniform_at(sample_seed, 0, s) * static_cast<double>(c_.size())),
                               static_cast<std::uint64_t>(c_.size() - 1));
      if (!sample_is_right(at)) ++wrong;
    }
    wrong = context_.comm.sum(wrong);
    const std::string against =
        plain_ ? fmt::format("scalar chain, {} entries a rank, within the bound of k roundings", samples)
               : fmt::format("scalar chain, {} entries a rank, bit for bit", samples);
    if (wrong == 0) return {true, against, ""};
    return {false, against, fmt::format("{} sampled entries of C differ", wrong)};
  }

  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  static constexpr std::uint64_t sample_seed = 20;

  bool sample_is_right(std::uint64_t at) const {
    const auto row = a_.span().subspan(at / n_ * k_, k_);
    const double found = c_.span()[at];
    const double reference = matmul_entry_reference(row, b_.span(), at % n_, k_, n_);
    if (!plain_) return same_bits(found, reference);
    double magnitude = 0;
    for (std::uint64_t i = 0; i < k_; ++i) magnitude += std::abs(row[i] * b_.span()[i * n_ + at % n_]);
    return plausible(found, reference, static_cast<double>(k_ + 2), magnitude);
  }

  Context context_;
  bool plain_;
  std::uint64_t k_;
  std::uint64_t n_;
  Range rows_;
  Array a_;
  Array b_;
  Array c_;
  std::string checksum_;
};

std::vector<Shape> matrix_shapes(const Shape& size) {
  if (size.size() != 3) {
    throw usage_error(fmt::format("matmul needs --size MxKxN (C = A B, A is MxK, B is KxN), not {}", to_text(size)));
  }
  return {{size[0], size[1]}, {size[1], size[2]}};
}

Shape product_size(const std::vector<Operand>& operands) {
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[1] != b.shape[0]) {
    throw usage_error(fmt::format("shapes do not multiply: {} is {}, {} is {}; A is MxK and B is KxN", describe(a),
                                  to_text(a.shape), describe(b), to_text(b.shape)));
  }
  return {a.shape[0], a.shape[1], b.shape[1]};
}

}  // namespace

const Workload matmul_workload{
    .name = "matmul",
    .summary = "matrix product C = A B; writes /c",
    .operands = 2,
    .has_plain = true,
    .default_size = {2048, 2048, 2048},
    .tour_size = {768, 768, 768},
    .cost = [](const Shape& size) -> Cost {
      const auto m = static_cast<double>(size[0]), k = static_cast<double>(size[1]), n = static_cast<double>(size[2]);
      return {2 * m * k * n, 8 * (m * k + k * n + m * n), Bound::fma};
    },
    .operand_shapes = matrix_shapes,
    .size_of = product_size,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> {
      return {dataset_like("c", {problem.size[0], problem.size[2]})};
    },
    .memory_bytes =
        [](const Shape& size, int ranks) {
          const std::uint64_t rows = part_of(size[0], static_cast<std::uint64_t>(ranks), 0).size();
          return share_bytes({rows, size[1]}, 1) + share_bytes({size[1], size[2]}, 1) + share_bytes({rows, size[2]}, 1);
        },
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      return std::make_unique<MatmulJob>(context, problem);
    }};

}  // namespace concdemo
