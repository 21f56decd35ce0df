// Start-up: parse, start MPI, run one command, agree on the exit code.
#include <fmt/format.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/launcher.hpp"
#include "build_info.hpp"
#include "commands/command.hpp"
#include "commands/suggest.hpp"
#include "engine/terminal.hpp"
#include "system/floating_point.hpp"
#include "system/mpi.hpp"

using namespace concdemo;

namespace {

struct Failure {
  ExitCode code = ExitCode::ok;
  std::string text;
};

// Runs the command; every exception ends here.
Failure attempt(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return {error.code, error.what()};
  } catch (const std::bad_alloc&) {
    return {ExitCode::system, "out of memory; use a smaller size or more ranks on more nodes"};
  } catch (const std::exception& error) {
    return {ExitCode::system, error.what()};
  }
}

// All ranks leave with the highest code of any; the lowest rank that failed says why. A rank that failed alone, while the
// others wait for it elsewhere, ends the job.
int leave(const mpi::Comm& comm, const Failure& failure) {
  constexpr double patience_s = 3;
  const bool failed = failure.code != ExitCode::ok;
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

int run(const std::function<void(const mpi::Comm&)>& action) {
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  const mpi::Comm exit_comm = world.split(0);  // its own, so that leaving never meets a command's collective
  const auto environment = [](const char* name) { return std::getenv(name); };
  if (const auto cause = wrong_launcher(environment, world.size(), mpi::library_version())) {
    if (is_first_copy(environment)) message(*cause);
    return static_cast<int>(ExitCode::usage);
  }
  return leave(exit_comm, attempt([&] {
    require_ieee_arithmetic();
    action(world);
  }));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{fmt::format("concdemo {}: hybrid MPI + OpenMP kernels with the same bits on any layout.\n"
                           "Without a command: a tour of the machine and of every workload, which writes concdemo.h5.",
                           build_info::version), "concdemo"};
  app.set_version_flag("--version", fmt::format("concdemo {} ({})", build_info::version, build_info::commit));
  app.require_subcommand(0, 1);
  Action action;
  add_tour(app, action);
  add_run(app, action);
  add_verify(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    if (is_first_copy([](const char* name) { return std::getenv(name); })) print(help_text(app));
    return 0;
  } catch (const CLI::CallForVersion& version) {
    if (is_first_copy([](const char* name) { return std::getenv(name); })) print(std::string(version.what()) + "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::string text = explain(app, error, argc, argv);
    action = [text](const mpi::Comm&) { throw usage_error(text); };
  }
  return run(action);
}
