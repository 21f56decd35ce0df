#include "system/mpi_failure.hpp"

#include <string>

#include "base/printable_error.hpp"

namespace concdemo::mpi {

int first_failed(const Comm& comm, const Failure& mine) {
  return static_cast<int>(comm.min(static_cast<std::uint64_t>(mine.failed() ? comm.rank() : comm.size())));
}

Failure failure_of(const Comm& comm, int rank, const Failure& mine) {
  const ExitCode code = comm.broadcast_value(mine.code, rank);
  return {code, comm.broadcast(mine.text, rank)};
}

void throw_failure_of(const Comm& comm, int rank, const Failure& mine) {
  const Failure failure = failure_of(comm, rank, mine);
  const bool named = comm.size() > 1 && failure.code != ExitCode::usage;
  throw PrintableError(failure.code, named ? "rank " + std::to_string(rank) + ": " + failure.text : failure.text);
}

void together(const Comm& comm, const std::function<void()>& work) {
  const Failure failure = attempt(work);
  const int first = first_failed(comm, failure);
  if (first < comm.size()) throw_failure_of(comm, first, failure);
}

}  // namespace concdemo::mpi
