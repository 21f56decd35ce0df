#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

void Comm::send_bytes(const void* bytes, std::size_t length, int to) const {
  check(MPI_Send(bytes, static_cast<int>(length), MPI_BYTE, to, 0, handle_->comm), "MPI_Send");
  count(length);
}

bool Comm::poll_bytes(void* bytes, std::size_t length, int& from) const {
  int there = 0;
  MPI_Status status;
  check(MPI_Iprobe(MPI_ANY_SOURCE, 0, handle_->comm, &there, &status), "MPI_Iprobe");
  if (!there) return false;
  from = status.MPI_SOURCE;
  check(MPI_Recv(bytes, static_cast<int>(length), MPI_BYTE, from, 0, handle_->comm, MPI_STATUS_IGNORE), "MPI_Recv");
  return true;
}

}  // namespace concdemo::mpi
