#include "kernels/matvec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "format/checksum.hpp"
#include "kernels/row_products.hpp"
#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

// y = A x by row blocks: each rank holds its rows of A and of y, and the whole of x.
class MatvecJob final : public Job {
 public:
  MatvecJob(const Context& context, const Problem& problem)
      : context_(context),
        plain_(problem.method == Method::plain),
        n_(problem.size[1]),
        m_(problem.size[0]),
        rows_(part_of(problem.size[0], static_cast<std::uint64_t>(context.comm.size()),
                      static_cast<std::uint64_t>(context.comm.rank()))) {
    ConvertCounts whole;  // of x, the same on every rank
    a_ = load_range(context, problem.operands[0], {rows_.begin * n_, rows_.end * n_}, counts);
    x_ = load_range(context, problem.operands[1], {0, n_}, whole);
    counts = total_over_ranks(context.comm, counts);
    counts += whole;
    require_whole(counts, "matvec needs a whole matrix and vector");
    mpi::together(context.comm, [&] { y_ = Array(rows_.size()); });
  }

  void execute(const Sink& sink) override {
    (plain_ ? matvec_plain : matvec)(a_.span(), x_.span(), y_.span(), rows_.size(), n_, context_.threads);
    sink.submit(0, rows_.begin, y_.span());
  }

  Verification verify() override;
  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  bool follows_chain(std::uint64_t i) const;
  std::uint64_t wrong_products(std::vector<std::uint64_t>& uncovered) const;

  Context context_;
  bool plain_;
  std::uint64_t n_;
  std::uint64_t m_;
  Range rows_;
  Array a_;
  Array x_;
  Array y_;
  std::string checksum_;
};

bool MatvecJob::follows_chain(std::uint64_t i) const {
  const auto row = a_.span().subspan(i * n_, n_);
  const double reference = matvec_row_reference(row, x_.span());
  if (!plain_) return same_bits(y_.span()[i], reference);
  double magnitude = 0;
  for (std::uint64_t j = 0; j < n_; ++j) magnitude += std::abs(row[j] * x_.span()[j]);
  return plausible(y_.span()[i], reference, static_cast<double>(n_ + 4), magnitude);
}

// How many of this rank's rows differ from A x, in ordinary arithmetic, by more than the roundings of both. Rows in
// which NaN, infinities or overflow leave no bound are not compared, but added to `uncovered`.
std::uint64_t MatvecJob::wrong_products(std::vector<std::uint64_t>& uncovered) const {
  const std::uint64_t rows = rows_.size();
  std::vector<double> weight(n_), sum(rows, 0.0), magnitude(rows, 0.0);
  std::transform(x_.span().begin(), x_.span().end(), weight.begin(), [](double each) { return std::abs(each); });
  row_products({a_.span().data(), rows, n_, n_}, x_.span(), weight, sum, magnitude, context_.threads);
  const auto n = static_cast<double>(n_);
  const double roundings = 1.1 * ((plain_ ? n : n / 16) + 8 + row_product_roundings(n_));
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (!(magnitude[i] < 1e300)) {
      uncovered.push_back(i);
      continue;
    }
    const bool right = std::abs(y_.span()[i] - sum[i]) <= 0x1p-53 * roundings * magnitude[i] + 0x1p-1072 * (n + 1);
    wrong += right ? 0 : 1;
  }
  return wrong;
}

Verification MatvecJob::verify() {
  constexpr std::uint64_t samples = 64, seed = 21;
  const mpi::Comm& comm = context_.comm;
  checksum_ = fmt::format("{:016x}", comm.sum(checksum(rows_.begin, y_.span())));
  std::vector<std::uint64_t> chosen;  // of this rank's rows
  for (const std::uint64_t row : sample_below(m_, samples, seed, 0)) {
    if (row >= rows_.begin && row < rows_.end) chosen.push_back(row - rows_.begin);
  }
  std::vector<std::uint64_t> uncovered;
  const std::uint64_t wrong_rows = comm.sum(wrong_products(uncovered));
  const std::uint64_t covered = m_ - comm.sum(uncovered.size());
  for (const std::uint64_t which : sample_below(uncovered.size(), samples, seed, 1)) chosen.push_back(uncovered[which]);
  std::uint64_t wrong = 0;
  for (const std::uint64_t i : chosen) wrong += follows_chain(i) ? 0 : 1;
  wrong = comm.sum(wrong);
  const std::uint64_t compared = comm.sum(chosen.size());
  const std::string against =
      fmt::format("scalar chain, {} (seed {}), {}; A x in another order, {} of {} rows", counted(compared, "row"), seed,
                  plain_ ? "within the bound of n roundings" : "bit for bit", covered, m_);
  if (wrong > 0) return {false, against, fmt::format("{} of {} sampled elements of y differ", wrong, compared)};
  if (wrong_rows > 0) return {false, against, fmt::format("{} elements of y are not those of A x", wrong_rows)};
  return {true, against, ""};
}

std::vector<Shape> operand_shapes(const Shape& size) {
  if (size.size() != 2) {
    throw usage_error(fmt::format("matvec needs --size MxN (y = A x, A is MxN), not {}", to_text(size)));
  }
  return {size, {size[1]}};
}

Shape size_of(const std::vector<Operand>& operands) {
  const Operand& a = operands[0];
  const Operand& x = operands[1];
  if (a.shape.size() != 2 || x.shape.size() != 1 || a.shape[1] != x.shape[0]) {
    throw usage_error(fmt::format("shapes do not multiply: {}, {}; A is MxN and x has N elements{}", describe_shape(a),
                                  describe_shape(x), shape_hint(operands, "MxN")));
  }
  return a.shape;
}

}  // namespace

const Workload matvec_workload{
    .name = "matvec",
    .summary = "matrix-vector product y = A x; writes /ax",
    .operands = 2,
    .has_plain = true,
    .default_size = {8192, 8192},
    .tour_size = {2000, 1000},
    .cost = [](const Problem& problem) -> Cost {
      const Shape& size = problem.size;
      const auto m = static_cast<double>(size[0]), n = static_cast<double>(size[1]);
      return {2 * m * n, 8 * (m * n + n + m), Bound::read};
    },
    .operand_shapes = operand_shapes,
    .size_of = size_of,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> {
      return {dataset_like("ax", {problem.size[0]})};
    },
    .memory_bytes =
        [](const Shape& size, int ranks) {
          const std::uint64_t rows = part_of(size[0], static_cast<std::uint64_t>(ranks), 0).size();
          return part_bytes({rows, size[1]}, 1) + part_bytes({size[1]}, 1) + part_bytes({rows}, 1);
        },
    .prepare = prepare_as<MatvecJob>};

}  // namespace concdemo
