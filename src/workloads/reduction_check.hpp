#pragma once
#include <cstdint>
#include <string>

#include "kernels/residue.hpp"
#include "kernels/stats.hpp"
#include "system/mpi.hpp"

// What exact reductions are verified by.
namespace concdemo {

inline constexpr const char* residue_reference = "residues of every element modulo 2^61 - 1";
inline constexpr const char* scalar_reference = "scalar superaccumulator, every element";

// Collective: that of all ranks' elements, on every rank. By MPI's own sum of integers, not by the custom operation
// that merges the states which are checked.
void total_over_ranks(const mpi::Comm& comm, Residues& residues);
void total_over_ranks(const mpi::Comm& comm, MomentResidues& residues);

// Why an exact state, and the value that it was rounded to, are not those of `n` elements; empty where they can be.
// What the state's way over the ranks says of missing ones stands beside what the check's says.
struct Seen {
  std::uint64_t n = 0, missing = 0, missing_by_check = 0;
};
std::string disagreement(const Residues& check, const Seen& seen, const ExactSum& state, double value);
std::string disagreement(const Residues& check, const Seen& seen, const ExactProductSum& state, double value);
std::string disagreement(const MomentResidues& check, const Seen& seen, const Moments& state);

}  // namespace concdemo
