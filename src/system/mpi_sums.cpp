#include <algorithm>

#include "system/mpi_handle.hpp"

// Sums of many values.
namespace concdemo::mpi {

void Comm::reduce_sum(std::span<std::uint64_t> values, int root) const {
  constexpr std::size_t step = std::size_t{1} << 20;
  for (std::size_t at = 0; at < values.size(); at += step) {
    const std::size_t length = std::min(step, values.size() - at);
    MPI_Request request = MPI_REQUEST_NULL;
    const void* send = rank_ == root ? MPI_IN_PLACE : static_cast<const void*>(values.data() + at);
    void* receive = rank_ == root ? values.data() + at : nullptr;
    check(MPI_Ireduce(send, receive, static_cast<int>(length), MPI_UINT64_T, MPI_SUM, root, handle_->comm, &request),
          "MPI_Ireduce");
    wait(request, "MPI_Ireduce");
    count(length * sizeof(std::uint64_t));
  }
}

namespace {
template <class T>
void sum_in_place(const Comm& comm, MPI_Comm handle, std::span<T> values, MPI_Datatype type) {
  constexpr std::size_t step = std::size_t{1} << 20;
  for (std::size_t at = 0; at < values.size(); at += step) {
    const std::size_t length = std::min(step, values.size() - at);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallreduce(MPI_IN_PLACE, values.data() + at, static_cast<int>(length), type, MPI_SUM, handle, &request),
          "MPI_Iallreduce");
    wait(request, "MPI_Iallreduce");
    comm.count(length * sizeof(T));
  }
}
}  // namespace

void Comm::sum(std::span<std::uint64_t> values) const { sum_in_place(*this, handle_->comm, values, MPI_UINT64_T); }
void Comm::sum(std::span<double> values) const { sum_in_place(*this, handle_->comm, values, MPI_DOUBLE); }

}  // namespace concdemo::mpi
