#pragma once
#include <map>
#include <string>
#include <vector>

#include "system/mpi.hpp"

// All ranks of a job are started alike. Ranks that are not would compute, write or wait for something else each, and
// might well call what comes out "verified".
namespace concdemo {

// One thing that a process was started with. Ranks agree where the keys do; people read the texts.
struct StartFact {
  std::string what;
  std::string key;
  std::string text;
};
using Start = std::vector<StartFact>;

// Build, libraries, arguments (without the program's name), the variables of the environment that choose what is
// computed and written (CONCDEMO_*, HDF5_*), and the working folder, where that is used. What places a rank or belongs
// to its node is its own: OMP_*, the masks of CPUs, TMPDIR, proxies.
Start this_start(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
                 bool uses_folder);

// What `rank` and rank 0 were started with where that differs, a line for each of the two; none where they agree. Long
// values are cut to where they begin to differ.
std::vector<std::string> difference(const Start& of_root, const Start& of_rank, int rank);

// Collective, one small message where all is well. Else throws the same usage Error on all ranks.
void require_same_start(const mpi::Comm& world, const Start& own);

}  // namespace concdemo
