// The main of the MPI tests: one Catch2 session on every rank, which all run the same cases in the same order.
// Rank 0 reports; another rank's report appears only when a check failed there. All ranks agree on the exit code.
// A rank that leaves a case early (a failed REQUIRE, an exception) may leave others waiting in a collective: it waits
// for them at the end of the case for a moment, then shows its report and ends the job.
#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include "support/catch.hpp"
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#endif

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/run_catch.hpp"
#include "system/mpi.hpp"

namespace {

constexpr unsigned case_limit_s = 40;   // below the budget of the whole run, so that the case is named
constexpr unsigned grace_limit_s = 10;  // for the others to reach the end of a case that failed here

const concdemo::mpi::Comm* world = nullptr;
std::string alarm_text;  // written by the handler, so composed beforehand
int report_file = -1;    // a rank's standard output while it is held back
int terminal = -1;       // its real standard output

void show_report() {
  std::fflush(stdout);
  if (report_file < 0) return;
  char buffer[4096];
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(report_file, buffer, sizeof buffer, at)) > 0; at += got) {
    if (write(terminal, buffer, static_cast<std::size_t>(got)) < 0) return;
  }
}

// The main thread may sit in MPI, so the end of the job is left to the launcher, which sees a rank exit without
// MPI_Finalize.
void on_alarm(int) {
  if (write(STDERR_FILENO, alarm_text.data(), alarm_text.size()) < 0) _exit(1);
  show_report();
  _exit(1);
}

void set_alarm(unsigned seconds, const std::string& what, const std::string& name) {
  alarm(0);
  alarm_text = "\nrank " + std::to_string(world->rank()) + " of " + std::to_string(world->size()) + " " + what +
               " in the case \"" + name + "\"\n";
  alarm(seconds);
}

#if __has_include(<catch2/catch_test_macros.hpp>)
using Listener = Catch::EventListenerBase;
std::string case_name(const Catch::TestCaseStats& stats) { return stats.testInfo->name; }
#else
using Listener = Catch::TestEventListenerBase;
std::string case_name(const Catch::TestCaseStats& stats) { return stats.testInfo.name; }
#endif

struct Together : Listener {
  using Listener::Listener;
  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    Listener::testCaseStarting(info);
    set_alarm(case_limit_s, "hangs", info.name);
  }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.assertions.failed > 0) {
      set_alarm(grace_limit_s, "failed and left others waiting", case_name(stats));
    }
    world->barrier();
    alarm(0);
    Listener::testCaseEnded(stats);
  }
};
CATCH_REGISTER_LISTENER(Together)

}  // namespace

int main(int argc, char** argv) {
  const concdemo::mpi::Session mpi;
  const auto comm = concdemo::mpi::Comm::world();
  world = &comm;
  std::signal(SIGALRM, on_alarm);
  if (!comm.is_root()) {
    std::FILE* held = std::tmpfile();
    if (!held) concdemo::mpi::abort(1);
    report_file = fileno(held);
    terminal = dup(STDOUT_FILENO);
    dup2(report_file, STDOUT_FILENO);
  }
  const int mine = concdemo::run_catch(argc, argv);
  const auto failures = comm.max(static_cast<std::uint64_t>(mine));
  for (int rank = 0; rank < comm.size(); ++rank) {
    if (rank == comm.rank() && mine != 0) {
      std::fprintf(stderr, "rank %d of %d failed\n", rank, comm.size());
      show_report();
    }
    comm.barrier();
  }
  return static_cast<int>(failures);
}
