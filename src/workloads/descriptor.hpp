#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/workload.hpp"

// What the descriptors of workloads are made of.
namespace concdemo {

// Of a workload whose Job is a T.
template <class T>
std::unique_ptr<Job> prepare_as(const Context& context, const Problem& problem) {
  return std::make_unique<T>(context, problem);
}

struct ReductionOptions {
  bool verify_by_scalar = false;
};

// A number from arrays of one shape: their elements, read once.
Workload reduction_workload(std::string_view name, std::string_view summary, int operands, double flops_per_element,
                            std::unique_ptr<Job> (*prepare)(const Context&, const Problem&));

// "; --size MxN gives values their shape" where an operand is a list without one, else "".
std::string shape_hint(const std::vector<Operand>& operands, const std::string& size);
// Throws usage Error, "NEEDS; the input has 3 missing values", where there are any.
void require_whole(const ConvertCounts& counts, std::string_view needs);
DatasetSpec dataset_like(const std::string& name, const Shape& shape);  // dimensions NAME_0, NAME_1, ...

std::function<Cost(const Problem&)> cost_per_element(double flops, double bytes, Bound bound);

// Bytes of the largest part of a float64 array of this size; of `arrays` such arrays, cut over all ranks.
std::uint64_t part_bytes(const Shape& size, int ranks);
std::function<std::uint64_t(const Shape&, int)> arrays_over_ranks(int arrays);

}  // namespace concdemo
