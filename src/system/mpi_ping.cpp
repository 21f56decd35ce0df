#include "system/mpi_ping.hpp"

#include <algorithm>
#include <vector>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {
namespace {

// Seconds of the median round trip of so many bytes, as rank a sees it.
double round_trip(const Comm& comm, int a, int b, std::size_t bytes, int repeats) {
  std::vector<std::byte> buffer(bytes);
  const int count = static_cast<int>(bytes);
  std::vector<double> seconds;
  const auto send = [&](int to) {
    check(MPI_Send(buffer.data(), count, MPI_BYTE, to, 0, comm.handle().comm), "MPI_Send");
    comm.count(bytes);
  };
  const auto receive = [&](int from) {
    check(MPI_Recv(buffer.data(), count, MPI_BYTE, from, 0, comm.handle().comm, MPI_STATUS_IGNORE), "MPI_Recv");
  };
  for (int i = 0; i < repeats; ++i) {
    const double begin = MPI_Wtime();
    if (comm.rank() == a) {
      send(b);
      receive(b);
    } else {
      receive(a);
      send(a);
    }
    seconds.push_back(MPI_Wtime() - begin);
  }
  std::nth_element(seconds.begin(), seconds.begin() + repeats / 2, seconds.end());
  return seconds[static_cast<std::size_t>(repeats / 2)];
}

}  // namespace

PingPong ping_pong(const Comm& comm, int a, int b) {
  constexpr std::size_t small = 8, large = std::size_t{4} << 20;
  PingPong result;
  comm.barrier();
  if (comm.rank() == a || comm.rank() == b) {
    round_trip(comm, a, b, large, 3);  // connections and pages are made at the first message
    result.latency_s = round_trip(comm, a, b, small, 1001) / 2;
    result.bandwidth = 2 * static_cast<double>(large) / round_trip(comm, a, b, large, 9);
  }
  return comm.broadcast_value(result, a);
}

}  // namespace concdemo::mpi
