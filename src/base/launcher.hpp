#pragma once
#include <functional>
#include <optional>
#include <string>

// What the environment says about the launcher that started this process. Pure functions: `environment` is getenv, or a
// table in a test. Malformed values count as not set.
namespace concdemo {

using Environment = std::function<const char*(const char* name)>;

// When a launcher started several processes but MPI's world has one: the cause and the right line. Nothing for a real
// single start, inside a job too. `mpi_library` is the text of mpi::library_version().
std::optional<std::string> wrong_launcher(const Environment& environment, int world_size,
                                          const std::string& mpi_library);

// A warning for before MPI's start, when srun started several processes without PMIx or PMI: Open MPI 4 may end the
// program in its start then, and does not say which srun line is right.
std::optional<std::string> srun_without_pmi(const Environment& environment, const std::string& mpi_library);

// Whether no launcher and no batch step left a trace: a program that somebody started by its name alone.
bool nobody_launched(const Environment& environment);

// Whether other processes may have been started with this one: by a launcher that said so, or that says no number.
bool may_have_company(const Environment& environment);

// Whether this is the one process of its launcher that prints what is to be printed once, without asking MPI.
bool is_first_copy(const Environment& environment);
bool is_first_of_node(const Environment& environment);  // the same of each node; where nobody tells, of the job

// Whose options place the ranks: Open MPI's mpirun, srun, or the mpiexec of MPICH and its kin. A start without a
// launcher counts as one by the launcher of the MPI library, which is the one to try.
enum class LaunchStyle { mpirun, srun, hydra };
LaunchStyle launch_style(const Environment& environment, const std::string& mpi_library);

// Whether srun's -c counts cores here, not hyper-threads: by --hint=nomultithread or --threads-per-core=1.
bool slurm_counts_cores(const Environment& environment);

}  // namespace concdemo
