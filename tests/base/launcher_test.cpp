#include "base/launcher.hpp"

#include <map>
#include <string>

#include "support/catch.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace {

using Variables = std::map<std::string, std::string>;

Environment in(const Variables& variables) {
  return [variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

const std::string open_mpi = "Open MPI v4.1.4";
const std::string mpich = "MPICH Version: 4.0.2";

std::string refusal(const Variables& variables, const std::string& library = open_mpi) {
  return wrong_launcher(in(variables), 1, library).value_or("");
}

}  // namespace

TEST_CASE("a real single start is let through") {
  const Variables step_of_8 = {{"SLURM_JOB_ID", "7"},
                               {"SLURM_NTASKS", "8"},
                               {"SLURM_STEP_ID", "0"},
                               {"SLURM_STEP_NUM_TASKS", "8"},
                               {"SLURM_PROCID", "3"}};
  const auto with = [&](const Variables& more) {
    Variables all = more;
    all.insert(step_of_8.begin(), step_of_8.end());
    return all;
  };
  CHECK(refusal({}) == "");  // a laptop
  CHECK(refusal({{"OMPI_COMM_WORLD_SIZE", "1"}, {"OMPI_COMM_WORLD_RANK", "0"}, {"PMIX_RANK", "0"}}) ==
        "");                                                            // mpirun -n 1
  CHECK(refusal({{"PMI_SIZE", "1"}, {"PMI_RANK", "0"}}, mpich) == "");  // mpiexec -n 1
  CHECK(refusal(with({{"OMPI_COMM_WORLD_SIZE", "1"}})) == "");          // mpirun -n 1 inside srun -n 8
  CHECK(refusal(with({{"PMI_SIZE", "1"}}), mpich) == "");
  CHECK(refusal({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}}) ==
        "");  // batch script, old SLURM
  CHECK(refusal({{"SLURM_NTASKS", "8"}, {"SLURM_STEP_ID", "4294967291"}, {"SLURM_STEP_NUM_TASKS", "1"}}) == "");
  CHECK(refusal({{"SLURM_NTASKS", "8"}, {"SLURM_STEP_ID", "4294967291"}, {"SLURM_STEP_NUM_TASKS", "2"}}) == "");
  CHECK(refusal({{"SLURM_NTASKS", "8"}, {"SLURM_NNODES", "2"}}) == "");                   // salloc's shell
  CHECK(refusal({{"SLURM_STEPID", "4294967290"}, {"SLURM_STEP_NUM_TASKS", "2"}}) == "");  // interactive step
  CHECK(refusal({{"SLURM_NTASKS", "8"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}) == "");  // srun -n 1
}

TEST_CASE("srun without a process manager is warned of before MPI's start") {
  const auto warns = [](Variables more, const std::string& library = open_mpi) {
    more.insert({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "0"}});
    return contains(srun_without_pmi(in(more), library).value_or(""), "`srun --mpi=pmix -n 2 concdemo ...`");
  };
  CHECK(warns({}));
  CHECK(!warns({{"PMIX_NAMESPACE", "slurm.pmix.1.0"}, {"PMIX_RANK", "0"}}));      // srun --mpi=pmix
  CHECK(!warns({{"PMI_FD", "11"}, {"PMI_SIZE", "2"}, {"PMI_RANK", "0"}}));        // srun --mpi=pmi2
  CHECK(!warns({{"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_RANK", "0"}}));  // mpirun
  CHECK(!warns({{"SLURM_STEP_ID", "4294967291"}}));                               // a batch script
  CHECK(!warns({{"SLURM_STEP_NUM_TASKS", "1"}}));                                 // srun -n 1
  CHECK(!warns({}, mpich));                                                       // wrong_launcher says it
  CHECK(!warns({}, "Open MPI v5.0.3"));                                           // so too
}

TEST_CASE("several copies that are alone in their worlds are refused") {
  const std::string by_openmpi = refusal({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "2"}}, mpich);
  CHECK(contains(by_openmpi, "Open MPI's mpirun started 4 copies (OMPI_COMM_WORLD_SIZE=4)"));
  CHECK(contains(by_openmpi, "built with MPICH Version: 4.0.2"));
  CHECK(contains(refusal({{"OMPI_COMM_WORLD_SIZE", "4"}}), "OMPI_COMM_WORLD_SIZE=4"));  // another Open MPI
  // mpirun inside a step of one task: the nearer launcher decides.
  CHECK(contains(refusal({{"OMPI_COMM_WORLD_SIZE", "4"}, {"SLURM_STEP_NUM_TASKS", "1"}}), "OMPI_COMM_WORLD_SIZE=4"));

  const std::string by_hydra = refusal({{"PMI_SIZE", "3"}, {"PMI_RANK", "0"}});
  CHECK(contains(by_hydra, "Hydra) started 3 copies (PMI_SIZE=3)"));
  CHECK(contains(by_hydra, "mpirun -n 3 concdemo"));
  CHECK(contains(refusal({{"PMI_SIZE", "3"}, {"SLURM_STEP_NUM_TASKS", "1"}}), "Hydra"));

  const std::string by_srun = refusal({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "8"}, {"SLURM_PROCID", "5"}});
  CHECK(contains(by_srun, "srun --mpi=list"));
  CHECK(contains(by_srun, "srun --mpi=pmix -n 8 concdemo"));
  CHECK(contains(by_srun, "SLURM_STEP_NUM_TASKS=8"));
  CHECK(contains(refusal({{"SLURM_STEP_NUM_TASKS", "8"}}, mpich), "srun --mpi=pmi2 -n 8"));
  // srun --mpi=pmi2 starts a program built with Open MPI.
  const std::string by_pmi2 = refusal({{"PMI_SIZE", "8"}, {"SLURM_STEP_NUM_TASKS", "8"}});
  CHECK(contains(by_pmi2, "srun --mpi=pmix -n 8"));
  CHECK(!contains(by_pmi2, "Hydra"));

  CHECK(contains(refusal({{"PMIX_RANK", "1"}}), "several copies of this program were started (PMIX_RANK=1)"));
  CHECK(contains(refusal({{"PMIX_RANK", "0"}, {"PMIX_SIZE", "2"}}), "2 copies"));
  CHECK(contains(refusal({{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}}, mpich), "4 copies"));
}

TEST_CASE("a world of several ranks is right whatever the environment says") {
  CHECK(!wrong_launcher(in({{"SLURM_STEP_NUM_TASKS", "8"}}), 8, open_mpi));
  CHECK(!wrong_launcher(in({{"OMPI_COMM_WORLD_SIZE", "4"}}), 2, open_mpi));
}

TEST_CASE("malformed variables count as not set") {
  for (const std::string value : {"", "abc", "-4", "0", " 4", "4 ", "4x", "99999999999999999999", "4(x2)"}) {
    INFO(value);
    CHECK(refusal({{"OMPI_COMM_WORLD_SIZE", value},
                   {"PMI_SIZE", value},
                   {"PMIX_RANK", value == "0" ? "0" : value},
                   {"SLURM_STEP_NUM_TASKS", value}}) == "");
    CHECK(
        contains(refusal({{"OMPI_COMM_WORLD_SIZE", value}, {"SLURM_STEP_NUM_TASKS", "2"}}), "SLURM_STEP_NUM_TASKS=2"));
    CHECK(is_first_copy(in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", value}})));
  }
}

TEST_CASE("the first copy of the nearest launcher prints") {
  CHECK(is_first_copy(in({})));
  CHECK(is_first_copy(in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "0"}})));
  CHECK(!is_first_copy(in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}})));
  CHECK(!is_first_copy(in({{"PMI_SIZE", "2"}, {"PMI_RANK", "1"}})));
  CHECK(!is_first_copy(in({{"PMIX_RANK", "1"}})));
  CHECK(!is_first_copy(in({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "1"}})));
  // mpirun -n 1 in task 1 of a step: alone, so it prints.
  CHECK(is_first_copy(in({{"OMPI_COMM_WORLD_SIZE", "1"},
                          {"OMPI_COMM_WORLD_RANK", "0"},
                          {"SLURM_STEP_NUM_TASKS", "2"},
                          {"SLURM_PROCID", "1"}})));
}

TEST_CASE("the first copy of each node") {
  CHECK(is_first_of_node(in({})));
  CHECK_FALSE(is_first_of_node(in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "2"}})));
  const Variables second{
      {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}};
  CHECK(is_first_of_node(in(second)));
  CHECK(!is_first_copy(in(second)));
  CHECK_FALSE(is_first_of_node(in({{"PMI_SIZE", "2"}, {"PMI_RANK", "1"}, {"MPI_LOCALRANKID", "1"}})));
}

TEST_CASE("company is what a launcher started, or may have started") {
  CHECK_FALSE(may_have_company(in({})));
  CHECK(may_have_company(in({{"OMPI_COMM_WORLD_SIZE", "2"}})));
  CHECK_FALSE(may_have_company(in({{"OMPI_COMM_WORLD_SIZE", "1"}})));
  CHECK(may_have_company(in({{"PMIX_RANK", "0"}})));  // of a number that nobody tells
  CHECK(may_have_company(in({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_STEP_ID", "0"}})));
  CHECK_FALSE(may_have_company(in({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_STEP_ID", "4294967291"}})));
  CHECK_FALSE(may_have_company(in({{"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "batch"}})));
  CHECK(may_have_company(in({{"OMPI_COMM_WORLD_SIZE", "2"}, {"SLURM_STEP_ID", "batch"}})));
}

TEST_CASE("the launcher whose options place the ranks") {
  const auto style = [](const Variables& variables, const std::string& library = open_mpi) {
    return launch_style(in(variables), library);
  };
  CHECK(style({}) == LaunchStyle::mpirun);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}}) == LaunchStyle::srun);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMI_SIZE", "2"}}) == LaunchStyle::srun);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMIX_RANK", "1"}}) == LaunchStyle::srun);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}, {"OMPI_COMM_WORLD_SIZE", "2"}}) == LaunchStyle::mpirun);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMI_SIZE", "8"}}) == LaunchStyle::hydra);
  CHECK(style({{"PMI_SIZE", "2"}}) == LaunchStyle::hydra);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_STEP_ID", "4294967291"}}) == LaunchStyle::mpirun);
  CHECK(style({}, mpich) == LaunchStyle::hydra);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_STEP_ID", "4294967291"}}, mpich) == LaunchStyle::hydra);
  CHECK(style({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMI_SIZE", "2"}}, mpich) == LaunchStyle::srun);
}

TEST_CASE("what srun's -c counts") {
  CHECK_FALSE(slurm_counts_cores(in({})));
  CHECK_FALSE(slurm_counts_cores(in({{"SLURM_HINT", "multithread"}, {"SLURM_THREADS_PER_CORE", "2"}})));
  CHECK(slurm_counts_cores(in({{"SLURM_HINT", "nomultithread"}})));
  CHECK(slurm_counts_cores(in({{"SLURM_THREADS_PER_CORE", "1"}})));
}

TEST_CASE("a start that nobody launched is one without a trace of a launcher or a step") {
  CHECK(nobody_launched(in({})));
  CHECK(nobody_launched(in({{"SLURM_JOB_ID", "7"}, {"OMP_NUM_THREADS", "2"}, {"OMPI_MCA_btl", "self"}})));
  for (const char* name :
       {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD", "SLURM_PROCID", "PALS_RANKID"}) {
    CHECK_FALSE(nobody_launched(in({{name, "0"}})));
  }
}
