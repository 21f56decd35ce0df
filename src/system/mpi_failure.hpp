#pragma once
#include "base/failure.hpp"
#include "system/mpi.hpp"

// How work that may fail on some ranks ends alike on all. Collective.
namespace concdemo::mpi {

// The lowest rank whose work failed, on every rank; size() where none did.
int first_failed(const Comm& comm, const Failure& mine);

Failure failure_of(const Comm& comm, int rank, const Failure& mine);  // that of one rank, on every rank

// Every rank throws the failure of one; the message names the rank where there are more, and it is no usage error.
[[noreturn]] void throw_failure_of(const Comm& comm, int rank, const Failure& mine);

}  // namespace concdemo::mpi
