// Start-up: parse, start MPI, run one command, agree on the exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/failure.hpp"
#include "base/launcher.hpp"
#include "build_info.hpp"
#include "commands/command.hpp"
#include "commands/suggest.hpp"
#include "engine/terminal.hpp"
#include "system/floating_point.hpp"
#include "system/mpi.hpp"

using namespace concdemo;

namespace {

// All ranks leave with the highest code of any; the lowest rank that failed says why. A rank that failed alone, while the
// others wait for it elsewhere, ends the job.
int leave(const mpi::Comm& comm, const Failure& failure) {
  constexpr double patience_s = 3;
  const bool failed = failure.failed();
  if (failed && !comm.everyone_arrives(patience_s)) {
    message(fmt::format("rank {}: {}", comm.rank(), failure.text));
    mpi::abort(static_cast<int>(failure.code));
  }
  if (!failed) comm.barrier();
  const auto code = comm.max(static_cast<std::uint64_t>(failure.code));
  const std::uint64_t first = comm.min(static_cast<std::uint64_t>(failed ? comm.rank() : comm.size()));
  if (failed && first == static_cast<std::uint64_t>(comm.rank())) message(failure.text);
  comm.barrier();
  return static_cast<int>(code);
}

// A copy of the environment: MPI's start adds variables of its own.
std::map<std::string, std::string> variables() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    all.emplace(text.substr(0, text.find('=')), text.substr(std::min(text.find('='), text.size() - 1) + 1));
  }
  return all;
}

int run(const Action& action, const Environment& environment) {
  if (nobody_launched(environment)) mpi::expect_no_other_rank();
  const auto warning = srun_without_pmi(environment, mpi::library_version());
  if (warning && is_first_copy(environment)) message(*warning);
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm exit_comm = world.split(0);  // its own, so that leaving never meets a command's collective
  if (const auto cause = wrong_launcher(environment, world.size(), mpi::library_version())) {
    if (is_first_copy(environment)) message(*cause);
    return static_cast<int>(ExitCode::usage);
  }
  return leave(exit_comm, attempt([&] {
    require_ieee_arithmetic();
    action(world);
  }));
}

// The command that was asked for; none when its answer, help or version, has been printed.
Action parse(int argc, char** argv, const Environment& environment) {
  CLI::App app{fmt::format("concdemo {}: hybrid MPI + OpenMP kernels with the same bits on any layout.\n"
                           "Without a command: a tour of the machine and of every workload, which writes concdemo.h5.",
                           build_info::version), "concdemo"};
  app.set_version_flag("--version", fmt::format("concdemo {} ({})", build_info::version, build_info::commit));
  app.require_subcommand(0, 1);
  app.footer("Exit codes: 0 right, 1 a slow node (peaks), 2 usage or input, 3 the system failed, 4 a result or checksum is wrong, 75 stopped: resume.");
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
  const auto print_once = [&](const std::string& text) { if (is_first_copy(environment)) print(text); };
  try {
    app.parse(argc, argv);
    require_options_after_command(app);
  } catch (const CLI::CallForHelp&) {
    print_once(help_text(app));
    return nullptr;
  } catch (const CLI::CallForVersion& version) {
    print_once(std::string(version.what()) + "\n");
    return nullptr;
  } catch (const CLI::ParseError& error) {
    return [text = explain(app, error, argc, argv)](const mpi::Comm&) { throw usage_error(text); };
  }
  return action;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of print(), and unfinished files are removed
  const auto all = variables();
  const auto environment = [&all](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second.c_str();
  };
  int code = 0;
  const Failure failure = attempt([&] {
    if (const Action action = parse(argc, argv, environment)) code = run(action, environment);
  });
  if (!failure.failed()) return code;
  message(failure.text);
  return static_cast<int>(failure.code);
}
