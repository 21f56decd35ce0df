#include "workloads/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo {

Workload reduction_workload(std::string_view name, std::string_view summary, int operands, double flops_per_element,
                            std::unique_ptr<Job> (*prepare)(const Context&, const Problem&)) {
  const auto arrays = static_cast<std::uint64_t>(operands);
  const auto read_verify = [](Problem& problem, const std::string& text) {
    if (text != "residues" && text != "scalar") {
      throw usage_error(fmt::format("--verify {}: give residues or scalar", text));
    }
    if (problem.method == Method::plain) {
      throw usage_error("--verify is for exact results; leave it out for --method plain");
    }
    std::any_cast<ReductionOptions&>(problem.own).verify_by_scalar = text == "scalar";
  };
  return {
      .name = name,
      .summary = summary,
      .operands = operands,
      .has_plain = true,
      .has_dynamic = true,
      .can_stream = true,
      .options =
          {{"--verify", "residues|scalar",
            "by residues of every element, or a closed form (default), or by a scalar sum of all, which takes longer",
            read_verify}},
      .own = ReductionOptions{},
      .default_size = {100'000'000 / arrays},
      .tour_size = {10'000'000 / arrays},
      .cost = cost_per_element(flops_per_element, 8 * operands, Bound::read),
      .memory_bytes = arrays_over_ranks(operands),
      .prepare = prepare};
}

std::vector<Shape> shapes_of(const Workload& workload, const Shape& size) {
  if (workload.operand_shapes != nullptr) return workload.operand_shapes(size);
  return std::vector<Shape>(static_cast<std::size_t>(workload.operands), size);
}

Shape common_shape(const std::vector<Operand>& operands) {
  for (const Operand& operand : operands) {
    if (operand.shape == operands.front().shape) continue;
    throw usage_error(
        fmt::format("operands of different shapes: {}, {}", describe_shape(operands.front()), describe_shape(operand)));
  }
  return operands.front().shape;
}

std::string shape_hint(const std::vector<Operand>& operands, const std::string& size) {
  const auto is_list = [](const Operand& operand) {
    return operand.source == Operand::Source::values && operand.shape.size() == 1;
  };
  const bool any = std::any_of(operands.begin(), operands.end(), is_list);
  return any ? fmt::format("; --size {} gives values their shape", size) : "";
}

void require_whole(const ConvertCounts& counts, std::string_view needs) {
  if (counts.missing == 0) return;
  throw usage_error(fmt::format("{}; the input has {}", needs, counted(counts.missing, "missing value")));
}

std::vector<DatasetSpec> no_outputs(const Problem&) { return {}; }

DatasetSpec dataset_like(const std::string& name, const Shape& shape) {
  DatasetSpec spec;
  spec.name = name;
  spec.shape = shape;
  for (std::size_t i = 0; i < shape.size(); ++i) spec.dims.push_back(fmt::format("{}_{}", name, i));
  return spec;
}

std::function<Cost(const Problem&)> cost_per_element(double flops, double bytes, Bound bound) {
  return [=](const Problem& problem) -> Cost {
    const auto n = static_cast<double>(element_count(problem.size));
    return {flops * n, bytes * n, bound};
  };
}

std::uint64_t part_bytes(const Shape& size, int ranks) {
  const std::uint64_t largest = part_of(element_count(size), static_cast<std::uint64_t>(ranks), 0).size();
  if (largest > (std::uint64_t{1} << 58)) throw usage_error("size " + to_text(size) + " does not fit into memory");
  return largest * sizeof(double);
}

std::function<std::uint64_t(const Shape&, int)> arrays_over_ranks(int arrays) {
  return
      [arrays](const Shape& size, int ranks) { return part_bytes(size, ranks) * static_cast<std::uint64_t>(arrays); };
}

}  // namespace concdemo
