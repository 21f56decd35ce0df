#include "workloads/reduction_check.hpp"

#include <fmt/format.h>

#include <span>

#include "workloads/result_numbers.hpp"
#include "workloads/rounding_check.hpp"

namespace concdemo {
namespace {

// Ordered as the signed integer is.
constexpr std::uint64_t top = std::uint64_t{1} << 63;
std::uint64_t to_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ top; }
std::int64_t to_signed(std::uint64_t value) { return static_cast<std::int64_t>(value ^ top); }

std::string lost_elements(std::uint64_t elements, const Seen& seen) {
  if (elements + seen.missing_by_check != seen.n) {
    return fmt::format("{} elements and {} missing ones were seen of {}", elements, seen.missing_by_check, seen.n);
  }
  if (seen.missing == seen.missing_by_check) return "";
  return fmt::format("{} elements were left out as missing, {} were said to be", seen.missing_by_check, seen.missing);
}

template <class State>
std::string other_terms(const Residues& check, State state) {
  state.normalise();
  return agrees(check, state) ? "" : "its residue, or its count of what is no number, is not that of the elements";
}

constexpr const char* other_rounding = "that is not what its exact state rounds to";

template <class State>
std::string disagreement_of_sum(const Residues& check, const Seen& seen, const State& state, double value) {
  std::string why = lost_elements(check.elements, seen);
  if (why.empty()) why = other_terms(check, state);
  if (why.empty() && !is_rounded_sum(value, state)) why = other_rounding;
  return why;
}

}  // namespace

void total_over_ranks(const mpi::Comm& comm, Residues& residues) {
  Residues::Words words = residues.words();
  comm.sum(std::span(words));
  residues = Residues::from_words(words);
}

void total_over_ranks(const mpi::Comm& comm, MomentResidues& residues) {
  total_over_ranks(comm, residues.sum);
  total_over_ranks(comm, residues.squares);
  residues.least = to_signed(comm.min(to_unsigned(residues.least)));
  residues.greatest = to_signed(comm.max(to_unsigned(residues.greatest)));
}

std::string disagreement(const Residues& check, const Seen& seen, const ExactSum& state, double value) {
  return disagreement_of_sum(check, seen, state, value);
}

std::string disagreement(const Residues& check, const Seen& seen, const ExactProductSum& state, double value) {
  return disagreement_of_sum(check, seen, state, value);
}

std::string disagreement(const MomentResidues& check, const Seen& seen, const Moments& state) {
  std::string why = lost_elements(check.sum.elements, seen);
  if (why.empty() && state.count != check.sum.elements) why = fmt::format("it counts {}", state.count);
  if (why.empty()) why = other_terms(check.sum, state.sum);
  if (why.empty()) why = other_terms(check.squares, state.squares);
  if (why.empty() && !(same_bits(state.min, check.min()) && same_bits(state.max, check.max()))) {
    why = fmt::format("extremes {} and {}, expected {} and {}", state.min, state.max, check.min(), check.max());
  }
  return why;
}

}  // namespace concdemo
