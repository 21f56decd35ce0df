#pragma once
#include <memory>
#include <span>

#include "system/mpi.hpp"

// Messages between two ranks and one collective as MPI has them, under MPI's names: for lessons about MPI itself. An
// MPI failure throws Error(system) with MPI's own text. At most 2^31 - 1 values a call.
namespace concdemo::mpi {

// A call under way, MPI_Request. Its buffers belong to MPI until it is done, and they and the Comm outlive it.
class Request {
 public:
  struct Handle;
  explicit Request(std::unique_ptr<Handle> handle);
  Request(Request&&) noexcept;
  ~Request();                          // does not wait
  bool done_within(double timeout_s);  // polls and sleeps; false when the time is up, and it goes on
  void wait();

 private:
  std::unique_ptr<Handle> handle_;
};

Request isend(const Comm& comm, std::span<const int> values, int to);
Request issend(const Comm& comm, std::span<const int> values, int to);  // synchronous: done when it is being received
Request irecv(const Comm& comm, std::span<int> values, int from);
void sendrecv(const Comm& comm, std::span<const int> values, std::span<int> received, int other);  // both with `other`
Request iallreduce_sum(const Comm& comm, const int& value, int& sum);

}  // namespace concdemo::mpi
