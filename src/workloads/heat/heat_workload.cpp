#include "workloads/heat/heat_workload.hpp"
#include "workloads/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "base/tally.hpp"
#include "base/text.hpp"
#include "format/checksum.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

// The grid after problem.steps steps, in memory.
class HeatJob final : public Job {
 public:
  HeatJob(const Context& context, const Problem& problem)
      : context_(context),
        problem_(problem),
        solver_(context, problem.size[0], problem.size[1], heat_options(problem).alpha, 4) {
    load_start(context, start_from(problem.operands.front(), context.threads, &counts), solver_);
    counts = total_over_ranks(context.comm, counts);
    require_whole(counts, "heat needs a whole grid");
    start_ = solver_.current();
    solver_.lend(start_);  // every execution begins with it
  }

  void execute(const Sink& sink) override {
    solver_.go_back_to(start_);
    activity::at("computing");
    const std::uint64_t steps = heat_options(problem_).steps;
    tally::begin(steps, tally::Unit::steps);
    if (steps > 1) solver_.advance(steps - 1);
    if (steps > 0) solver_.advance(1);
    const std::uint64_t first = solver_.tile().rows.begin * problem_.size[1] + solver_.tile().columns.begin;
    sink.submit(0, first, problem_.size[1], solver_.values(solver_.current()));
  }

  Verification verify() override {
    activity::at("verifying");
    const HeatState state = solver_.state(heat_options(problem_).steps > 0);
    checksum_ = heat_checksum(context_, problem_, solver_);
    result_ = heat_result(state, checksum_);
    solver_.lend(solver_.current());  // the sink may still be writing it
    const Verification verification =
        check_heat(context_, problem_, solver_, start_from(problem_.operands.front(), context_.threads));
    solver_.give_back_newest();
    return verification;
  }

  Json result() const override { return result_; }
  std::string headline() const override { return checksum_; }

 private:
  Context context_;
  const Problem& problem_;
  HeatSolver solver_;
  std::size_t start_ = 0;
  Json result_;
  std::string checksum_;
};

std::vector<Shape> grid_shape(const Shape& size) {
  if (size.size() != 2)
    throw usage_error(fmt::format("heat needs --size NYxNX (rows x columns of the grid), not {}", to_text(size)));
  return {size};
}

void read_snapshot_every(Problem& problem, const std::string& text) {
  const std::uint64_t every = read_count("--snapshot-every", text);
  if (every == 0) {
    throw usage_error("--snapshot-every 0: give at least 1, or leave it out for the start and the end alone");
  }
  std::any_cast<HeatOptions&>(problem.own).snapshot_every = every;
}

Shape size_of(const std::vector<Operand>& operands) {
  const Operand& start = operands.front();
  if (start.shape.size() == 2) return start.shape;
  throw usage_error(fmt::format("heat needs a grid of 2 dimensions; there is {}{}", describe_shape(start),
                                shape_hint(operands, "NYxNX")));
}

}  // namespace

HeatStart start_from(const Operand& operand, int threads, ConvertCounts* counts) {
  return [&operand, threads, counts](Range rows, Range columns, const MatrixSpan& out) {
    constexpr std::uint64_t buffer_elements = std::uint64_t{1} << 23;
    if (out.rows == 0 || out.columns == 0) return;
    const std::uint64_t step = std::clamp<std::uint64_t>(buffer_elements / out.columns, 1, out.rows);
    Array buffer(step * out.columns);
    for (std::uint64_t row = 0; row < out.rows; row += step) {
      activity::beat();
      const std::uint64_t height = std::min<std::uint64_t>(step, out.rows - row);
      const Range part{rows.begin + row, rows.begin + row + height};
      const ConvertCounts found = load_rectangles(operand, {{part, columns, buffer.span().data()}}, threads);
      if (counts != nullptr) *counts += found;
#pragma omp parallel for num_threads(threads) schedule(static)
      for (std::uint64_t i = 0; i < height; ++i) {
        std::copy_n(buffer.span().data() + i * out.columns, out.columns, out.data + (row + i) * out.stride);
      }
    }
  };
}

void load_start(const Context& context, const HeatStart& start, HeatSolver& solver) {
  activity::at("reading or generating the start");
  mpi::together(context.comm, [&] {
    fault::pass("start");
    start(solver.tile().rows, solver.tile().columns, solver.values());
  });
}

std::string heat_checksum(const Context& context, const Problem& problem, const HeatSolver& solver) {
  const MatrixView values = solver.values(solver.current());
  std::uint64_t sum = 0;
#pragma omp parallel for num_threads(context.threads) schedule(static) reduction(+ : sum)
  for (std::size_t i = 0; i < values.rows; ++i) {
    sum += checksum((solver.tile().rows.begin + i) * problem.size[1] + solver.tile().columns.begin,
                    {values.data + i * values.stride, values.columns});
  }
  return fmt::format("{:016x}", context.comm.sum(sum));
}

Json heat_result(const HeatState& state, const std::string& checksum) {
  return {{"total", number(state.total)}, {"residual", number(state.change)}, {"checksum", checksum}};
}

const Workload heat_workload{
    .name = "heat",
    .summary = "heat equation: time steps on a grid, 5-point; writes /u",
    .operands = 1,
    .options = {count_option("--steps", "S", "time steps (default 100)", &HeatOptions::steps),
                number_option("--alpha", "A", "diffusion number, at most 0.25 (default 0.2)", &HeatOptions::alpha, 0,
                              largest_stable_alpha,
                              "the scheme is stable up to 0.25; take more steps with a smaller one"),
                {"--slice", "I,:,:", "a plane of an input of more dimensions, as 0,2,:,:",
                 [](Problem& problem, const std::string& text) { problem.slice = text; }},
                {.name = "--snapshot-every",
                 .value = "E",
                 .help = "steps between snapshots in --output (default: the start and the end alone)",
                 .read = read_snapshot_every,
                 .needs_output = true},
                {.name = "--checkpoint-every",
                 .value = "C",
                 .help = "steps between checkpoints beside it (default: none)",
                 .read =
                     [](Problem& problem, const std::string& text) {
                       std::any_cast<HeatOptions&>(problem.own).checkpoint_every =
                           read_count("--checkpoint-every", text);
                     },
                 .needs_output = true}},
    .own = HeatOptions{},
    .series = &heat_series,
    .default_size = {4096, 4096},
    .tour_size = {1000, 1000},
    // As a sweep that takes one step at a time moves; several steps in one pass through memory move less.
    .cost = [](const Problem& problem) -> Cost {
      const double points =
          static_cast<double>(element_count(problem.size)) * static_cast<double>(heat_options(problem).steps);
      return {7 * points, 16 * points, Bound::copy};
    },
    .operand_shapes = grid_shape,
    .size_of = size_of,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> { return {dataset_like("u", problem.size)}; },
    .memory_bytes = [](const Shape& size, int ranks) { return heat_memory_bytes(size[0], size[1], ranks, 4); },
    .prepare = prepare_as<HeatJob>};

}  // namespace concdemo
