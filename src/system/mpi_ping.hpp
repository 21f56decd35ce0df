#pragma once
#include "system/mpi.hpp"

namespace concdemo::mpi {

// What messages cost between two ranks that do nothing else: MPI_Send and MPI_Recv, in turn, there and back.
struct PingPong {
  double latency_s = 0;  // half of a round trip of 8 bytes, the median
  double bandwidth = 0;  // bytes a second, one way, of 4 MiB messages; the median
};

// Collective, some 50 ms: ranks a and b, which differ, send; the others sleep until they are done. The result on all.
PingPong ping_pong(const Comm& comm, int a, int b);

}  // namespace concdemo::mpi
