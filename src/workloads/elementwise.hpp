#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "workloads/load.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// Elements of each operand, and as many of the result: y[i] of x[0][i], x[1][i], ...
using Operands = std::span<const std::span<const double>>;

// A workload whose result has one element for each of its operands' elements. Missing elements of files are NaN.
struct Elementwise {
  std::function<void(Operands x, std::span<double> y, int threads)> compute;
  std::function<void(Operands x, std::span<double> y)> reference;  // scalar; compute's bits, but for those of a NaN
  std::string reference_name;                                      // "scalar product"
};

// Collective, for a descriptor's prepare(): in memory, or block by block where problem.stream says so.
std::unique_ptr<Job> make_elementwise(const Context& context, const Problem& problem, Elementwise workload);

// A rank's equal part of a flat array, worked on in pieces so that one piece is written while the next is computed.
struct RankPart {
  RankPart(const Context& context, const Problem& problem);

  Context context;
  Range range;  // global element indices

  // Calls piece(begin, end) over [0, range.size()) in order: in pieces when each is to be written while the next is
  // computed (large enough that a fork-join does not show), else at once.
  void for_each_piece(const Sink& sink, const std::function<void(std::uint64_t, std::uint64_t)>& piece) const;

  // Collective: 16 hex digits over all ranks' data; the same for every layout.
  std::string checksum(const Array& data) const;

  // Collective: `wrong` is the index of an element of this rank that is, or no_element.
  Verification verification(const std::string& against, std::uint64_t wrong) const;
  static constexpr std::uint64_t no_element = ~std::uint64_t{0};
};

}  // namespace concdemo
