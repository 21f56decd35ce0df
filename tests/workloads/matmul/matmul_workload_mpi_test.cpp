#include "workloads/matmul/matmul_check.hpp"
#include "workloads/matmul/matmul_panels.hpp"

#include <cmath>
#include <limits>

#include "kernels/matmul.hpp"
#include "support/catch.hpp"
#include "workloads/execute.hpp"
#include "workloads/problem.hpp"

using namespace concdemo;

namespace {

Problem product_of(const Shape& size) { return generated_problem(find_workload("matmul"), size, 7, Fill::uniform); }

// Both operands as lists, which the test can change.
Problem listed(const Shape& size) {
  Problem problem = product_of(size);
  for (Operand& operand : problem.operands) {
    std::vector<std::uint8_t> missing;
    std::vector<double> values(element_count(operand.shape));
    load(operand, {0, values.size()}, values, missing, 1);
    operand.source = Operand::Source::values;
    operand.values = values;
  }
  return problem;
}

struct Product {
  Product(const Context& context_in, const Problem& problem)
      : context(context_in),
        parts(context, problem, counts),
        place(place_of(parts.plan(), static_cast<std::uint64_t>(context.comm.rank()))),
        c(place.rows.size() * place.columns.size(), -1.0) {
    multiply_parts(context, parts, c, matmul_add, {});
  }
  // Where this rank has the element, if it does.
  double* at(std::uint64_t i, std::uint64_t j) {
    const bool here = i >= place.rows.begin && i < place.rows.end && j >= place.columns.begin && j < place.columns.end;
    return here ? &c[(i - place.rows.begin) * place.columns.size() + j - place.columns.begin] : nullptr;
  }
  ProductCheck check() const { return check_product(context, parts, c, false, 20); }

  Context context;
  ConvertCounts counts;
  MatmulParts parts;
  Tile place;
  std::vector<double> c;
};

}  // namespace

TEST_CASE("matmul: the same bits by messages, in shared memory and on one rank, for any shape") {
  const auto world = mpi::Comm::world();
  const mpi::Comm self = world.split(world.rank());
  Progress progress(ProgressMode::off, false);
  const Workload& workload = find_workload("matmul");
  const std::vector<Shape> sizes = {{64, 900, 50}, {301, 1030, 17}, {2, 513, 90}, {90, 513, 2},
                                    {1, 300, 1},   {3, 7, 600},     {5, 0, 4}};
  for (const Shape& size : sizes) {
    Problem problem = product_of(size);
    const Measurement alone = execute({self, 1}, workload, problem, {}, progress);
    for (const int node_size : {0, 1}) {
      problem.node_size = node_size;
      ExecuteOptions twice;
      twice.repeat = 2;
      const Measurement all = execute({world, 2}, workload, problem, twice, progress);
      INFO(to_text(size) << ", node size " << node_size << ": " << all.verification.failure);
      CHECK(all.verification.ok);
      CHECK(all.result == alone.result);
      if (world.size() == 1 || size[1] == 0 || size[0] < 50 || size[2] < 50) continue;
      CHECK((all.traffic.messages > 0) == (node_size == 1));
      CHECK((all.traffic.shared_bytes > 0) == (node_size == 0));
    }
    problem.method = Method::plain;
    CHECK(execute({world, 2}, workload, problem, {}, progress).verification.ok);
  }
}

TEST_CASE("matmul: a wrong element of C is found wherever it is") {
  const auto world = mpi::Comm::world();
  for (const int node_size : {0, 1}) {
    Problem problem = product_of({100, 600, 90});
    problem.node_size = node_size;
    Product product({world, 2}, problem);
    const ProductCheck right = product.check();
    INFO(right.failure);
    CHECK(right.ok);
    CHECK(right.rows_covered == 100);
    for (const auto& [i, j] : {std::pair{0, 0}, {99, 89}, {57, 31}, {3, 77}}) {
      const std::uint64_t row = static_cast<std::uint64_t>(i), column = static_cast<std::uint64_t>(j);
      double* element = product.at(row, column);
      const double kept = element != nullptr ? *element : 0;
      for (const double wrong : {kept * (1 + 1e-9), -kept, std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, 0.0}) {
        if (element != nullptr) *element = wrong;
        const ProductCheck check = product.check();
        CHECK_FALSE(check.ok);
        CHECK(check.failure.find("row " + std::to_string(i) + " ") != std::string::npos);
      }
      if (element != nullptr) *element = kept;
    }
    CHECK(product.check().ok);
  }
}

TEST_CASE("matmul: rows of NaN, infinities and overflow are counted and sampled") {
  const auto world = mpi::Comm::world();
  Problem problem = listed({60, 300, 40});
  problem.operands[0].values[7 * 300 + 11] = std::numeric_limits<double>::infinity();
  problem.operands[0].values[31 * 300 + 299] = std::numeric_limits<double>::quiet_NaN();
  problem.operands[0].values[59 * 300] = 1e308;
  Product product({world, 2}, problem);
  const ProductCheck check = product.check();
  INFO(check.failure);
  CHECK(check.ok);
  CHECK(check.rows_covered == 57);
  // All the elements of such a row: the samples are among them.
  const std::uint64_t row = 31;
  for (std::uint64_t j = 0; j < 40; ++j) {
    if (double* element = product.at(row, j)) {
      CHECK(std::isnan(*element));
      *element = 0;
    }
  }
  CHECK_FALSE(product.check().ok);

  problem.operands[1].values[5] = std::numeric_limits<double>::quiet_NaN();  // in every row of C
  const ProductCheck none = Product({world, 2}, problem).check();
  CHECK(none.ok);
  CHECK(none.rows_covered == 0);
  CHECK(none.entries > 100);
}

TEST_CASE("matmul: underflow and subnormal numbers are within the check's bound") {
  const auto world = mpi::Comm::world();
  Problem problem = listed({40, 300, 30});
  for (double& value : problem.operands[0].values) value *= 1e-170;
  for (double& value : problem.operands[1].values) value *= 1e-150;
  CHECK(Product({world, 2}, problem).check().ok);
  for (double& value : problem.operands[0].values) value *= 0x1p1000;
  for (double& value : problem.operands[1].values) value *= 0x1p-570;
  const ProductCheck check = Product({world, 2}, problem).check();
  INFO(check.failure);
  CHECK(check.ok);
  CHECK(check.rows_covered == 40);
}
