#include "workloads/problem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "input/file_operand.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

std::vector<Operand> value_operands(const Workload& workload, const Request& request) {
  std::vector<Operand> operands;
  const std::vector<Shape> shapes = request.size.empty() ? std::vector<Shape>{} : workload.operand_shapes(request.size);
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    Operand operand;
    operand.source = Operand::Source::values;
    operand.values = request.values[i];
    operand.shape = i < shapes.size() ? shapes[i] : Shape{operand.values.size()};
    if (element_count(operand.shape) != operand.values.size()) {
      throw usage_error(fmt::format("--values has {} but --size {} needs {}", counted(operand.values.size(), "value"),
                                    to_text(request.size), element_count(operand.shape)));
    }
    operands.push_back(std::move(operand));
  }
  return operands;
}

constexpr std::uint64_t default_steps = 100;
constexpr double default_alpha = 0.2;

void refuse_steps(const Workload& workload, const Request& request) {
  if (!workload.has_steps && (request.steps || request.alpha || request.snapshot_every)) {
    throw usage_error(fmt::format("{} takes no time steps; leave {} out", workload.name,
                                  request.steps   ? "--steps"
                                  : request.alpha ? "--alpha"
                                                  : "--snapshot-every"));
  }
  if (!request.slice.empty() && (!workload.has_steps || request.inputs.empty())) {
    throw usage_error("--slice is for the --input of heat; leave it out");
  }
  if (request.snapshot_every == 0)
    throw usage_error("--snapshot-every 0: give at least 1, or leave it out for the start and the end alone");
  if (request.alpha && !(*request.alpha >= 0 && *request.alpha <= largest_stable_alpha)) {
    const bool is_large = *request.alpha > largest_stable_alpha;
    throw usage_error(fmt::format(
        "--alpha {}: {}", *request.alpha,
        is_large
            ? fmt::format("the scheme is stable up to {}; take more steps with a smaller one", largest_stable_alpha)
            : fmt::format("give a number from 0 to {}", largest_stable_alpha)));
  }
}

}  // namespace

Problem generated_problem(const Workload& workload, const Shape& size, std::uint64_t seed, Fill fill) {
  Problem problem;
  problem.size = size;
  if (workload.has_steps) {
    problem.steps = default_steps;
    problem.alpha = default_alpha;
  }
  const std::vector<Shape> shapes = workload.operand_shapes(size);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    element_count(shapes[i]);
    Operand operand;
    operand.shape = shapes[i];
    operand.fill = fill;
    operand.seed = seed;
    operand.stream = static_cast<std::uint32_t>(i);
    problem.operands.push_back(std::move(operand));
  }
  return problem;
}

Problem resolve(const mpi::Comm& comm, const Workload& workload, const Request& request) {
  const auto name = workload.name;
  if (request.method == Method::plain && !workload.has_plain) {
    throw usage_error(fmt::format("{} has one method only; leave --method out", name));
  }
  if (request.schedule == Schedule::dynamic && (!workload.has_dynamic || request.method == Method::plain)) {
    throw usage_error(fmt::format("--schedule dynamic is for exact reductions; leave it out for {}{}", name,
                                  request.method == Method::plain ? " --method plain" : ""));
  }
  if (!request.inputs.empty() && !request.values.empty()) {
    throw usage_error("--input and --values exclude each other; give one kind");
  }
  if (!request.inputs.empty() && !workload.reads_files) {
    throw usage_error(fmt::format("{} takes no --input; it writes generated data or --values", name));
  }
  if (!request.inputs.empty() && !request.size.empty()) {
    throw usage_error("--size and --input exclude each other; the file has its own size");
  }
  refuse_steps(workload, request);
  Problem problem;
  if (request.inputs.empty() && request.values.empty()) {
    problem = generated_problem(workload, request.size.empty() ? workload.default_size : request.size, request.seed,
                                request.fill);
  } else {
    const bool files = !request.inputs.empty();
    const std::size_t given = files ? request.inputs.size() : request.values.size();
    if (given != static_cast<std::size_t>(workload.operands)) {
      throw usage_error(fmt::format("{} takes {}; {} was given {}", name,
                                    counted(static_cast<std::uint64_t>(workload.operands), "operand"),
                                    files ? "--input" : "--values", counted(given, "time")));
    }
    if (!files) problem.operands = value_operands(workload, request);
    for (const std::string& input : request.inputs) {
      problem.operands.push_back(file_operand(comm, input, request.slice, request.buffer_bytes));
    }
    problem.size = workload.size_of(problem.operands);
  }
  if (workload.has_steps) {
    problem.steps = request.steps.value_or(default_steps);
    problem.alpha = request.alpha.value_or(default_alpha);
    problem.snapshot_every = std::max<std::uint64_t>(1, request.snapshot_every.value_or(problem.steps));
  }
  problem.method = request.method;
  problem.schedule = request.schedule;
  problem.buffer_bytes = request.buffer_bytes;
  return problem;
}

void plan_memory(const Context& context, const Workload& workload, Problem& problem) {
  const mpi::Comm node = context.comm.split_by_node();
  const auto on_node = static_cast<std::uint64_t>(node.size());
  const std::uint64_t each = workload.memory_bytes(problem.size, context.comm.size());
  const std::uint64_t available = available_memory();
  const bool fits = context.comm.min(std::uint64_t{available == 0 || each <= available / on_node}) == 1;
  const auto from_file = [](const Operand& operand) { return operand.source == Operand::Source::file; };
  const bool large =
      std::any_of(problem.operands.begin(), problem.operands.end(), from_file) && each > problem.buffer_bytes;
  if (workload.can_stream && problem.method == Method::exact && problem.schedule == Schedule::fixed &&
      (large || !fits)) {
    problem.stream = true;
    return;
  }
  if (fits) return;
  throw usage_error(fmt::format(
      "{} of size {} needs {} of memory on each rank of a node (here {}), which has {} to share; use a smaller size or more "
      "nodes",
      workload.name, to_text(problem.size), format_bytes(each), on_node, format_bytes(context.comm.min(available))));
}

}  // namespace concdemo
