#include "system/mpi_failure.hpp"

#include <string>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("where work fails on some ranks, all throw what the lowest of them threw, named where that is another's") {
  const auto comm = mpi::Comm::world();
  CHECK(mpi::first_failed(comm, {}) == comm.size());
  CHECK_NOTHROW(mpi::together(comm, [] {}));
  for (const ExitCode code : {ExitCode::usage, ExitCode::system}) {
    for (int first = 0; first < comm.size(); ++first) {
      const std::string text = "why " + std::to_string(first);
      const auto work = [&] {
        if (comm.rank() >= first) throw Error(code, "why " + std::to_string(comm.rank()));
      };
      const bool named = comm.size() > 1 && code == ExitCode::system;
      const Failure found = attempt([&] { mpi::together(comm, work); });
      CHECK(found.code == code);
      CHECK(found.text == (named ? "rank " + std::to_string(first) + ": " + text : text));
      const Failure mine = attempt(work);
      CHECK(mpi::first_failed(comm, mine) == first);
      CHECK(mpi::failure_of(comm, first, mine).text == text);
    }
  }
}
