#include "workloads/problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "input/file_operand.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

std::vector<Operand> value_operands(const Workload& workload, const Request& request) {
  std::vector<Operand> operands;
  const std::vector<Shape> shapes = request.size.empty() ? std::vector<Shape>{} : shapes_of(workload, request.size);
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

std::vector<Operand> generated_operands(const Workload& workload, const Shape& size, std::uint64_t seed, Fill fill) {
  std::vector<Operand> operands;
  for (const Shape& shape : shapes_of(workload, size)) {
    element_count(shape);
    Operand operand;
    operand.shape = shape;
    operand.fill = fill;
    operand.seed = seed;
    operand.stream = static_cast<std::uint32_t>(operands.size());
    operands.push_back(std::move(operand));
  }
  return operands;
}

// Reads the workload's own options into the problem.
void read_own(const Workload& workload, const Request& request, Problem& problem) {
  for (const auto& [given, text] : request.own) {
    const std::string& name = given;  // what a lambda of C++20 may take, but clang 14 does not
    const auto is_named = [&](const OwnOption& option) { return option.name == name; };
    const auto found = std::find_if(workload.options.begin(), workload.options.end(), is_named);
    if (found != workload.options.end()) {
      found->read(problem, text);
      continue;
    }
    std::vector<std::string_view> takers;
    for (const Workload* each : workloads()) {
      if (std::any_of(each->options.begin(), each->options.end(), is_named)) takers.push_back(each->name);
    }
    throw usage_error(fmt::format("{} takes no {}; leave it out ({} {})", workload.name, name, fmt::join(takers, ", "),
                                  takers.size() == 1 ? "takes it" : "take it"));
  }
}

}  // namespace

Problem generated_problem(const Workload& workload, const Shape& size, std::uint64_t seed, Fill fill) {
  Problem problem;
  problem.size = size;
  problem.own = workload.own;
  problem.operands = generated_operands(workload, size, seed, fill);
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
  Problem problem;
  problem.own = workload.own;
  problem.method = request.method;
  problem.schedule = request.schedule;
  problem.buffer_bytes = request.buffer_bytes;
  read_own(workload, request, problem);
  if (!problem.slice.empty() && request.inputs.empty()) throw usage_error("--slice is for --input; leave it out");
  if (request.inputs.empty() && request.values.empty()) {
    problem.size = request.size.empty() ? workload.default_size : request.size;
    problem.operands = generated_operands(workload, problem.size, request.seed, request.fill);
    return problem;
  }
  const bool files = !request.inputs.empty();
  const std::size_t given = files ? request.inputs.size() : request.values.size();
  if (given != static_cast<std::size_t>(workload.operands)) {
    throw usage_error(fmt::format("{} takes {}; {} was given {}", name,
                                  counted(static_cast<std::uint64_t>(workload.operands), "operand"),
                                  files ? "--input" : "--values", counted(given, "time")));
  }
  if (!files) problem.operands = value_operands(workload, request);
  for (const std::string& input : request.inputs) {
    problem.operands.push_back(file_operand(comm, input, problem.slice, request.buffer_bytes));
  }
  problem.size = workload.size_of(problem.operands);
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
      "{} of size {} needs {} of memory on each rank of a node (here {}), which has {} to share; use a smaller size "
      "or more nodes",
      workload.name, to_text(problem.size), format_bytes(each), on_node, format_bytes(context.comm.min(available))));
}

}  // namespace concdemo
