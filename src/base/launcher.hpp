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

// Whether this is the one process of its launcher that prints what is to be printed once, without asking MPI.
bool is_first_copy(const Environment& environment);

// Whether srun started this process without a launcher of MPI's own in between.
bool started_by_srun(const Environment& environment);

}  // namespace concdemo
