#include "workloads/load.hpp"

#include <algorithm>

#include "kernels/fill.hpp"

namespace concdemo {
namespace {

// Removes the positions marked in the mask from all parts; keeps the order.
void drop(std::vector<Array>& parts, const std::vector<std::uint8_t>& missing) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] != 0) continue;
    for (Array& part : parts) part.span()[kept] = part.span()[i];
    ++kept;
  }
  for (Array& part : parts) part.shrink(kept);
}

}  // namespace

std::vector<Array> load_parts(const Context& context, const Problem& problem, ConvertCounts& counts) {
  const auto& comm = context.comm;
  const Range range = part_of(element_count(problem.operands.front().shape), static_cast<std::uint64_t>(comm.size()),
                              static_cast<std::uint64_t>(comm.rank()));
  std::vector<Array> parts;
  mpi::together(comm, [&] {
    std::vector<std::uint8_t> missing;  // in any operand
    for (const Operand& operand : problem.operands) {
      parts.emplace_back(range.size());
      std::vector<std::uint8_t> mask;
      counts.inexact += load(operand, range, parts.back().span(), mask, context.threads).inexact;
      if (missing.empty()) missing.swap(mask);
      for (std::size_t i = 0; i < mask.size(); ++i) missing[i] |= mask[i];
    }
    if (!missing.empty()) drop(parts, missing);
    counts.missing += range.size() - parts.front().size();
  });
  counts = total_over_ranks(comm, counts);
  return parts;
}

Array load_range(const Context& context, const Operand& operand, Range range, ConvertCounts& counts) {
  Array part;
  mpi::together(context.comm, [&] {
    part = Array(range.size());
    std::vector<std::uint8_t> missing;
    counts = load(operand, range, part.span(), missing, context.threads);
  });
  return part;
}

ConvertCounts total_over_ranks(const mpi::Comm& comm, ConvertCounts counts) {
  return {comm.sum(counts.missing), comm.sum(counts.inexact)};
}

bool share_memory(const mpi::Comm& comm, int node_size) {
  if (node_size > 0) return node_size >= comm.size();
  return comm.min(std::uint64_t{comm.split_by_node().size() == comm.size()}) == 1;
}

std::vector<std::uint64_t> sample_below(std::uint64_t limit, std::uint64_t count, std::uint64_t seed,
                                        std::uint32_t stream) {
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t i = 0; i < count && limit > 0; ++i) {
    const double at = uniform_at(seed, stream, i) * static_cast<double>(limit);
    chosen.push_back(std::min(static_cast<std::uint64_t>(at), limit - 1));
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

double add_over_ranks(const mpi::Comm& comm, double value) {
  return comm.combine<double>(value, [](const double& in, double& inout) { inout += in; });
}

}  // namespace concdemo
