#include "system/hdf5_crash.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

struct Ending {
  int status = 0;
  std::string text;
};

// How a process that does `work` ends, and what it writes to stderr.
template <class Work>
Ending ending_of(const Work& work) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    work();
    std::_Exit(0);
  }
  close(ends[1]);
  Ending ending;
  std::array<char, 256> piece{};
  for (ssize_t got = 0; (got = read(ends[0], piece.data(), piece.size())) > 0;)
    ending.text.append(piece.data(), static_cast<std::size_t>(got));
  close(ends[0]);
  waitpid(child, &ending.status, 0);
  return ending;
}

}  // namespace

TEST_CASE("a crash while a file is read ends the process with 2 and the file's name, one elsewhere as ever") {
  for (const int crash : {SIGSEGV, SIGFPE, SIGABRT}) {
    const auto guarded = ending_of([crash] {
      const hdf5::CrashGuard outer("outer.h5");
      { const hdf5::CrashGuard inner("inner.h5"); }
      raise(crash);
    });
    CHECK(WIFEXITED(guarded.status));
    CHECK(WEXITSTATUS(guarded.status) == 2);
    CHECK(guarded.text == "concdemo: outer.h5 is damaged: HDF5 crashes when it reads it; copy it again\n");
  }
  const auto elsewhere = ending_of([] {
    std::signal(SIGFPE, SIG_DFL);
    { const hdf5::CrashGuard guard("read.h5"); }
    raise(SIGFPE);
  });
  CHECK(WIFSIGNALED(elsewhere.status));
  CHECK(elsewhere.text.empty());
}
