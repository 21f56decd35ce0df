#include "base/launcher.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace concdemo {
namespace {

enum class Kind { open_mpi, hydra, pmix, slurm };

struct Launcher {
  Kind kind;
  const char* size_variable;
  const char* rank_variable;
  const char* rank_on_node_variable;
};

// The most specific first: an mpirun inside a SLURM step inherits the variables of that step.
constexpr std::array<Launcher, 4> launchers = {{
    {Kind::open_mpi, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {Kind::hydra, "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"},
    {Kind::pmix, "PMIX_SIZE", "PMIX_RANK", "SLURM_LOCALID"},
    {Kind::slurm, "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID"},
}};

std::optional<int> number(const Environment& environment, const char* name) {
  const char* text = environment(name);
  return text ? parse_plain_int(text) : std::nullopt;
}

// The launcher nearest to this process, and how many processes it started (0: several, number unknown).
struct Start {
  Launcher launcher;
  int size;
  int rank;
};

std::optional<Start> start_of(const Environment& environment) {
  for (const Launcher& launcher : launchers) {
    const int size = number(environment, launcher.size_variable).value_or(0);
    const int rank = number(environment, launcher.rank_variable).value_or(0);
    if (size >= 1) return Start{launcher, size, rank};
    // PMIx seldom tells the size, but a rank above 0 has company.
    if (launcher.kind == Kind::pmix && rank > 0) return Start{launcher, 0, rank};
  }
  return std::nullopt;
}

// The batch script of a job and salloc's shell are steps of their own; their tasks are started by a later srun.
bool in_batch_script(const Environment& environment) {
  for (const char* name : {"SLURM_STEP_ID", "SLURM_STEPID"}) {
    const char* text = environment(name);
    const std::string step = text ? text : "";
    if (step == "4294967291" || step == "4294967290" || step == "batch" || step == "interactive") return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> wrong_launcher(const Environment& environment, int world_size,
                                          const std::string& mpi_library) {
  if (world_size != 1) return std::nullopt;
  const auto start = start_of(environment);
  if (!start || start->size == 1) return std::nullopt;
  const Kind kind = start->launcher.kind;
  if (kind == Kind::slurm && in_batch_script(environment)) return std::nullopt;

  const std::string copies = start->size > 0 ? fmt::format("{} copies", start->size) : "several copies";
  const std::string evidence = start->size > 0 ? fmt::format("{}={}", start->launcher.size_variable, start->size)
                                               : fmt::format("{}={}", start->launcher.rank_variable, start->rank);
  const std::string n = start->size > 0 ? std::to_string(start->size) : "N";
  const bool by_srun = kind == Kind::slurm || kind == Kind::pmix ||
                       (kind == Kind::hydra && number(environment, "SLURM_STEP_NUM_TASKS") == start->size);
  std::string text;
  if (by_srun) {
    const char* plugin = mpi_library.starts_with("Open MPI") ? "pmix" : "pmi2";
    text = fmt::format(
        "{} of this program were started ({}), but MPI ({}) sees each as a world of its own, because srun's process "
        "manager is not one it speaks. `srun --mpi=list` names those of this cluster; start it as "
        "`srun --mpi={} -n {} concdemo ...`",
        copies, evidence, mpi_library, plugin, n);
    text += fmt::format(", or with the mpirun of that MPI: `mpirun -n {} concdemo ...`.", n);
  } else {
    const char* whose = kind == Kind::open_mpi ? "Open MPI's mpirun" : "The mpiexec of MPICH or Intel MPI (Hydra)";
    text = fmt::format(
        "{} started {} ({}), but this program is built with {}, which sees each as a world of its own. Start it with "
        "the mpirun of that installation: `/path/of/that/MPI/bin/mpirun -n {} concdemo ...`, or build it with the MPI "
        "whose mpirun comes first in PATH.",
        whose, copies, evidence, mpi_library, n);
  }
  return text + " If separate runs are meant, start each with `mpirun -n 1` of that MPI.";
}

std::optional<std::string> srun_without_pmi(const Environment& environment, const std::string& mpi_library) {
  const auto start = start_of(environment);
  if (!start || start->launcher.kind != Kind::slurm || start->size == 1 || in_batch_script(environment))
    return std::nullopt;
  if (environment("PMIX_NAMESPACE") || environment("PMI_FD") || !mpi_library.starts_with("Open MPI v4"))
    return std::nullopt;
  return fmt::format(
      "warning: srun started {0} copies of this program without PMIx. If MPI's start fails now, start it as `srun "
      "--mpi=pmix -n {0} concdemo ...` (`srun --mpi=list` names what this cluster has), or as `mpirun -n {0} concdemo "
      "...`.",
      start->size);
}

bool nobody_launched(const Environment& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_SIZE", "PMI_FD",
                           "SLURM_PROCID", "SLURM_STEP_ID", "SLURM_STEPID", "FLUX_TASK_RANK", "PALS_RANKID",
                           "ALPS_APP_PE", "JSM_NAMESPACE_RANK", "MPI_LOCALRANKID"}) {
    if (environment(name) != nullptr) return false;
  }
  return true;
}

bool may_have_company(const Environment& environment) {
  const auto start = start_of(environment);
  if (in_batch_script(environment) && (!start || start->launcher.kind == Kind::slurm)) return false;
  return start ? start->size != 1 : !nobody_launched(environment);
}

bool is_first_copy(const Environment& environment) {
  const auto start = start_of(environment);
  return !start || start->rank == 0;
}

bool is_first_of_node(const Environment& environment) {
  const auto start = start_of(environment);
  return !start || number(environment, start->launcher.rank_on_node_variable).value_or(start->rank) == 0;
}

bool slurm_counts_cores(const Environment& environment) {
  const char* hint = environment("SLURM_HINT");
  return (hint != nullptr && std::string(hint) == "nomultithread") ||
         number(environment, "SLURM_THREADS_PER_CORE") == 1;
}

LaunchStyle launch_style(const Environment& environment, const std::string& mpi_library) {
  const auto start = start_of(environment);
  const LaunchStyle of_library = mpi_library.starts_with("MPICH") ? LaunchStyle::hydra : LaunchStyle::mpirun;
  if (!start) return of_library;
  if (start->launcher.kind == Kind::open_mpi) return LaunchStyle::mpirun;
  const auto tasks = number(environment, "SLURM_STEP_NUM_TASKS");
  const bool step = tasks && !in_batch_script(environment);
  if (start->launcher.kind == Kind::hydra && (!step || tasks != start->size)) return LaunchStyle::hydra;
  return step ? LaunchStyle::srun : of_library;
}

}  // namespace concdemo
