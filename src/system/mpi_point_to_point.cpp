#include "system/mpi_point_to_point.hpp"

#include <utility>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

struct Request::Handle {
  MPI_Request request = MPI_REQUEST_NULL;
};

Request::Request(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Request::Request(Request&&) noexcept = default;
Request::~Request() = default;

bool Request::done_within(double timeout_s) { return mpi::wait({&handle_->request, 1}, "MPI_Test", timeout_s); }

void Request::wait() { done_within(1e18); }

namespace {
int length(std::span<const int> values) { return static_cast<int>(values.size()); }

// `call` is given the MPI_Request to fill in.
template <class Call>
Request start(const char* name, Call call) {
  auto handle = std::make_unique<Request::Handle>();
  check(call(&handle->request), name);
  return Request(std::move(handle));
}
}  // namespace

Request isend(const Comm& comm, std::span<const int> values, int to) {
  return start("MPI_Isend", [&](MPI_Request* request) {
    return MPI_Isend(values.data(), length(values), MPI_INT, to, 0, comm.handle().comm, request);
  });
}

Request issend(const Comm& comm, std::span<const int> values, int to) {
  return start("MPI_Issend", [&](MPI_Request* request) {
    return MPI_Issend(values.data(), length(values), MPI_INT, to, 0, comm.handle().comm, request);
  });
}

Request irecv(const Comm& comm, std::span<int> values, int from) {
  return start("MPI_Irecv", [&](MPI_Request* request) {
    return MPI_Irecv(values.data(), length(values), MPI_INT, from, 0, comm.handle().comm, request);
  });
}

void sendrecv(const Comm& comm, std::span<const int> values, std::span<int> received, int other) {
  check(MPI_Sendrecv(values.data(), length(values), MPI_INT, other, 0, received.data(), length(received), MPI_INT,
                     other, 0, comm.handle().comm, MPI_STATUS_IGNORE),
        "MPI_Sendrecv");
}

Request iallreduce_sum(const Comm& comm, const int& value, int& sum) {
  return start("MPI_Iallreduce", [&](MPI_Request* request) {
    return MPI_Iallreduce(&value, &sum, 1, MPI_INT, MPI_SUM, comm.handle().comm, request);
  });
}

}  // namespace concdemo::mpi
