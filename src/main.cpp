// Start-up: parse, start MPI, run one command, agree on the exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/launcher.hpp"
#include "build_info.hpp"
#include "commands/command.hpp"
#include "commands/suggest.hpp"
#include "layout/same_start.hpp"
#include "screen/terminal.hpp"
#include "system/floating_point.hpp"
#include "system/limits.hpp"
#include "system/mpi_failure.hpp"
#include "system/temporary_folder.hpp"

using namespace concdemo;

namespace {

// All ranks leave with the highest code of any; the lowest rank that failed says why. A rank that failed alone, while
// the others wait for it elsewhere, ends the job.
int leave(const mpi::Comm& comm, const Failure& failure) {
  constexpr double patience_s = 3;
  const bool failed = failure.failed();
  if (failed && !comm.everyone_arrives(patience_s)) {
    message_lines(fmt::format("rank {}: {}", comm.rank(), failure.text));
    mpi::abort(static_cast<int>(failure.code));
  }
  if (!failed) comm.barrier();
  const auto code = comm.max(static_cast<std::uint64_t>(failure.code));
  if (mpi::first_failed(comm, failure) == comm.rank()) message_lines(failure.text);
  comm.barrier();
  return static_cast<int>(code);
}

using Variables = std::map<std::string, std::string>;

// A copy of the environment: MPI's start adds variables of its own.
Variables all_variables() {
  Variables all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    all.emplace(text.substr(0, text.find('=')), text.substr(std::min(text.find('='), text.size() - 1) + 1));
  }
  return all;
}

// What was asked for: a text, help or version, that needs no MPI, or a command.
struct Asked {
  std::string text;
  Action action;
  bool uses_folder = false;  // a path is relative to the working folder
};

int run(const Asked& asked, const std::vector<std::string>& arguments, const Variables& variables,
        const Environment& environment) {
  constexpr int least_files = 40;  // for MPI's start and any command with little to do
  const Failure few = attempt([&] { limits::require_files(least_files, "concdemo"); });
  if (few.failed()) {
    // A launcher ends all when one leaves: that is to be the one that says why.
    if (is_first_of_node(environment)) message(few.text);
    else std::this_thread::sleep_for(std::chrono::seconds(1));
    return static_cast<int>(few.code);
  }
  if (is_first_of_node(environment)) TemporaryFolder::remove_abandoned();
  if (nobody_launched(environment)) mpi::expect_no_other_rank();
  const auto warning = srun_without_pmi(environment, mpi::library_version());
  if (warning && is_first_copy(environment)) message(*warning);
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm exit_comm = world.split(0);  // its own, so that leaving never meets a command's collective
  if (const auto cause = wrong_launcher(environment, world.size(), mpi::library_version())) {
    if (is_first_copy(environment)) asked.action ? message(*cause) : print(asked.text);
    return static_cast<int>(asked.action ? ExitCode::usage : ExitCode::ok);
  }
  return leave(exit_comm, attempt([&] {
                 if (world.size() > 1) require_same_start(world, this_start(arguments, variables, asked.uses_folder));
                 require_ieee_arithmetic();
                 if (asked.action) asked.action(world);
                 else if (world.is_root()) print(asked.text);
               }));
}

Asked parse(int argc, char** argv) {
  CLI::App app{fmt::format("concdemo {}: hybrid MPI + OpenMP kernels with the same bits on any layout.\n"
                           "Without a command: a tour of the machine and of every workload, which writes concdemo.h5.",
                           build_info::version),
               "concdemo"};
  app.set_version_flag("--version", fmt::format("concdemo {} ({})", build_info::version, build_info::commit));
  app.require_subcommand(0, 1);
  app.footer(
      "Exit codes: 0 right, 1 a slow node (peaks), 2 usage or input, 3 the system failed, 4 a result or "
      "checksum is wrong, 75 stopped: resume.");
  Action action;
  add_tour(app, action, argv[0]);
  add_run(app, action);
  add_resume(app, action);
  add_verify(app, action);
  add_peaks(app, action);
  add_placement(app, action);
  add_sweep(app, action);
  add_compare(app, action);
  add_mistakes(app, action);
  add_fetch(app, action);
  try {
    app.parse(argc, argv);
    require_options_after_command(app);
  } catch (const CLI::CallForHelp&) { return {help_text(app), nullptr}; } catch (const CLI::CallForVersion& version) {
    return {std::string(version.what()) + "\n", nullptr};
  } catch (const CLI::ParseError& error) {
    return {"", [text = explain(app, error, argc, argv)](const mpi::Comm&) { throw usage_error(text); }};
  }
  return {"", action, uses_working_folder(app)};
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of print(), and unfinished files are removed
  const Variables variables = all_variables();
  const auto environment = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  int code = 0;
  const Failure failure = attempt([&] {
    limits::take_what_is_allowed();
    const Asked asked = parse(argc, argv);
    // Other ranks may have been asked for something else, so that all meet before a text is printed; where MPI is
    // likely to end the program in its start, it is printed all the same.
    const bool alone = !may_have_company(environment) || srun_without_pmi(environment, mpi::library_version());
    if (asked.action || !alone) code = run(asked, {argv + std::min(argc, 1), argv + argc}, variables, environment);
    else if (is_first_copy(environment)) print(asked.text);
  });
  if (!failure.failed()) return code;
  message_lines(failure.text);
  return static_cast<int>(failure.code);
}
