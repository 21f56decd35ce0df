#include "workloads/heat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engine/checksum.hpp"
#include "kernels/fill.hpp"
#include "workloads/heat_solver.hpp"
#include "workloads/list.hpp"
#include "workloads/numbers.hpp"
#include "workloads/parts.hpp"

namespace concdemo {
namespace {

// The grid after problem.steps steps, in memory.
class HeatJob final : public Job {
 public:
  HeatJob(const Context& context, const Problem& problem)
      : context_(context), problem_(problem), solver_(context, problem.size[0], problem.size[1], problem.alpha, 3) {
    counts = load_heat(context, problem.operands.front(), solver_);
    start_ = solver_.current();
    solver_.lend(start_);  // every execution begins with it
  }

  void execute(const Sink& sink) override {
    solver_.go_back_to(start_);
    if (problem_.steps > 1) solver_.advance(problem_.steps - 1);
    if (problem_.steps > 0) solver_.advance(1);
    const MatrixView values = solver_.values(solver_.current());
    for (std::size_t i = 0; i < values.rows && sink.file != nullptr; ++i) {
      sink.submit(0, first_of_row(i), {values.data + i * values.stride, values.columns});
    }
  }

  Verification verify() override {
    state_ = solver_.state(problem_.steps > 0);
    const MatrixView values = solver_.values(solver_.current());
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < values.rows; ++i) {
      sum += checksum(first_of_row(i), {values.data + i * values.stride, values.columns});
    }
    checksum_ = fmt::format("{:016x}", context_.comm.sum(sum));
    return check_heat(context_, problem_, solver_, start_);
  }

  Json result() const override {
    return {{"total", number(state_.total)}, {"change", number(state_.change)}, {"checksum", checksum_}};
  }
  std::string headline() const override { return checksum_; }

 private:
  std::uint64_t first_of_row(std::size_t i) const {
    return (solver_.tile().rows.begin + i) * problem_.size[1] + solver_.tile().columns.begin;
  }

  Context context_;
  const Problem& problem_;
  HeatSolver solver_;
  std::size_t start_ = 0;
  HeatState state_;
  std::string checksum_;
};

std::vector<Shape> grid_shape(const Shape& size) {
  if (size.size() != 2) throw usage_error(fmt::format("heat needs --size NYxNX (rows x columns of the grid), not {}", to_text(size)));
  return {size};
}

Shape size_of(const std::vector<Operand>& operands) {
  const Operand& start = operands.front();
  if (start.shape.size() == 2) return start.shape;
  throw usage_error(fmt::format("heat needs a grid of 2 dimensions; {} is {}", describe(start), to_text(start.shape)));
}

}  // namespace

LoadCounts load_heat(const Context& context, const Operand& start, HeatSolver& solver) {
  LoadCounts counts;
  mpi::together(context.comm, [&] {
    const Tile& tile = solver.tile();
    const MatrixSpan values = solver.values();
    if (values.rows == 0 || values.columns == 0) return;
    constexpr std::uint64_t buffer_elements = std::uint64_t{1} << 23;
    const std::uint64_t step = std::clamp<std::uint64_t>(buffer_elements / values.columns, 1, values.rows);
    Array buffer(step * values.columns);
    for (std::uint64_t row = 0; row < values.rows; row += step) {
      const std::uint64_t rows = std::min<std::uint64_t>(step, values.rows - row);
      const Range range{tile.rows.begin + row, tile.rows.begin + row + rows};
      const LoadCounts found = load_rectangles(start, {{range, tile.columns, buffer.span().data()}}, context.threads);
      counts.missing += found.missing;
      counts.inexact += found.inexact;
#pragma omp parallel for num_threads(context.threads) schedule(static)
      for (std::uint64_t i = 0; i < rows; ++i) {
        std::copy_n(buffer.span().data() + i * values.columns, values.columns, values.data + (row + i) * values.stride);
      }
    }
  });
  counts = total_over_ranks(context.comm, counts);
  if (counts.missing > 0) {
    throw usage_error(fmt::format("heat needs a whole grid; {} elements of the input are missing values", counts.missing));
  }
  return counts;
}

const Workload heat_workload{
    .name = "heat",
    .summary = "heat equation: time steps on a grid, 5-point; writes /u",
    .operands = 1,
    .has_steps = true,
    .default_size = {4096, 4096},
    .tour_size = {1000, 1000},
    // As a sweep that takes one step at a time moves; several steps in one pass through memory move less.
    .cost = [](const Problem& problem) -> Cost {
      const double points = static_cast<double>(element_count(problem.size)) * static_cast<double>(problem.steps);
      return {7 * points, 16 * points, Bound::copy};
    },
    .operand_shapes = grid_shape,
    .size_of = size_of,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> {
      return {dataset_like("u", problem.size)};
    },
    .memory_bytes = [](const Shape& size, int ranks) { return heat_memory_bytes(size[0], size[1], ranks, 3); },
    .prepare = [](const Context& context, const Problem& problem) -> std::unique_ptr<Job> {
      return std::make_unique<HeatJob>(context, problem);
    }};

}  // namespace concdemo
