#pragma once
#include <memory>

#include "kernels/matrix.hpp"
#include "system/mpi.hpp"

namespace concdemo::mpi {

// Parts of matrices on their way between ranks: sends and receives that were begun and go on while this rank computes,
// as far as poll() lets MPI work. Between two ranks, those of one tag arrive in the order they were sent. The memory
// belongs to MPI until wait() returns; it and the Comm outlive this. Any size: what exceeds an MPI count is cut, alike
// on both ends, which must name the same rows and columns.
class Transfers {
 public:
  Transfers();
  ~Transfers();  // does not wait
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  void send(const Comm& comm, const MatrixView& part, int to, int tag);
  void receive(const Comm& comm, const MatrixSpan& part, int from, int tag);
  void poll();  // local and short
  void wait();  // until all of them are done

 private:
  struct Requests;
  std::unique_ptr<Requests> requests_;
};

}  // namespace concdemo::mpi
