#pragma once
#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <span>

#include "system/mpi.hpp"

// What the files of the MPI wrapper share; for nobody else.
namespace concdemo::mpi {

struct Comm::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
};

void check(int code, const char* call);  // an MPI failure throws Error(system) with MPI's own text

// MPICH 4.0 compares unsigned integers as if they were signed (pmodels/mpich issue 6083), so the least and the most are
// taken of signed ones, as MPI_INT64_T, in the same order. Its own inverse.
inline std::uint64_t in_signed_order(std::uint64_t value) { return value ^ (std::uint64_t{1} << 63); }

// For all of these requests, which become MPI_REQUEST_NULL. Polls at once for a short while, then sleeps between polls,
// for a sixteenth of the time waited so far and at most a millisecond, unless a longer sleep is given: the sleep adds
// little to any wait, and a rank that waits costs the others nothing. False when the time is up.
bool wait(std::span<MPI_Request> requests, const char* call, double timeout_s = 1e18,
          std::chrono::milliseconds longest_sleep = std::chrono::milliseconds(1));

}  // namespace concdemo::mpi
