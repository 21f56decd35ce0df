#pragma once
#include "system/mpi.hpp"

namespace concdemo {

// Collective; before OpenMP's first team of so many threads on this rank. libgomp ends the process when the system
// refuses a thread or its CPU; this throws instead: usage Error where the places of OpenMP (GOMP_CPU_AFFINITY and its
// like) name CPUs that the process may not use, system Error where all ranks' threads, and a few for input, output and
// the screen, are more than the system gives.
void require_team(const mpi::Comm& comm, int threads);

}  // namespace concdemo
