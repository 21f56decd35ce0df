#include "kernels/matmul.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.hpp"
#include "format/checksum.hpp"
#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/matmul/matmul_check.hpp"
#include "workloads/matmul/matmul_panels.hpp"

namespace concdemo {
namespace {

// C = A B, each rank a rectangle of C (matmul_plan.hpp).
class MatmulJob final : public Job {
 public:
  MatmulJob(const Context& context, const Problem& problem)
      : context_(context),
        plain_(problem.method == Method::plain),
        n_(problem.size[2]),
        parts_(context, problem, counts),
        place_(place_of(parts_.plan(), static_cast<std::uint64_t>(context.comm.rank()))) {
    mpi::together(context.comm, [&] { c_ = Array(place_.rows.size() * place_.columns.size()); });
  }

  void execute(const Sink& sink) override {
    RowsDone submit;
    if (sink.file != nullptr) {
      submit = [&](Range rows) {
        const std::uint64_t width = place_.columns.size();
        sink.submit(0, (place_.rows.begin + rows.begin) * n_ + place_.columns.begin, n_,
                    {c_.span().data() + rows.begin * width, rows.size(), width, width});
      };
    }
    multiply_parts(context_, parts_, c_.span(), plain_ ? matmul_plain_add : matmul_add, submit);
  }

  Verification verify() override {
    const std::uint64_t width = place_.columns.size();
    const std::span<const double> c = c_.span();
    std::uint64_t sum = 0;
#pragma omp parallel for num_threads(context_.threads) schedule(static) reduction(+ : sum)
    for (std::uint64_t i = 0; i < place_.rows.size(); ++i) {
      sum += concdemo::checksum((place_.rows.begin + i) * n_ + place_.columns.begin, c.subspan(i * width, width));
    }
    checksum_ = fmt::format("{:016x}", context_.comm.sum(sum));
    const ProductCheck check = check_product(context_, parts_, c, plain_, sample_seed);
    const std::string against =
        fmt::format("scalar chain, {} (seed {}), {}; A (B r) = C r, {} of {} rows",
                    check.entries == 1 ? "1 entry" : fmt::format("{} entries", check.entries), sample_seed,
                    plain_ ? "within the bound of k roundings" : "bit for bit", check.rows_covered, parts_.plan().m);
    return {check.ok, against, check.failure};
  }

  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  static constexpr std::uint64_t sample_seed = 20;

  Context context_;
  bool plain_;
  std::uint64_t n_;
  MatmulParts parts_;
  Tile place_;
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
    throw usage_error(fmt::format("shapes do not multiply: {}, {}; A is MxK and B is KxN{}", describe_shape(a),
                                  describe_shape(b), shape_hint(operands, "MxKxN")));
  }
  return {a.shape[0], a.shape[1], b.shape[1]};
}

}  // namespace

const Workload matmul_workload{.name = "matmul",
                               .summary = "matrix product C = A B; writes /c",
                               .operands = 2,
                               .has_plain = true,
                               .default_size = {2048, 2048, 2048},
                               .tour_size = {768, 768, 768},
                               .cost = [](const Problem& problem) -> Cost {
                                 const Shape& size = problem.size;
                                 const auto m = static_cast<double>(size[0]), k = static_cast<double>(size[1]),
                                            n = static_cast<double>(size[2]);
                                 return {2 * m * k * n, 8 * (m * k + k * n + m * n), Bound::fma};
                               },
                               .operand_shapes = matrix_shapes,
                               .size_of = product_size,
                               .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> {
                                 return {dataset_like("c", {problem.size[0], problem.size[2]})};
                               },
                               .memory_bytes = matmul_memory_bytes,
                               .prepare = prepare_as<MatmulJob>};

}  // namespace concdemo
