#include "system/mpi_transfers.hpp"

#include <algorithm>
#include <vector>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

struct Transfers::Requests {
  std::vector<MPI_Request> all;
};

Transfers::Transfers() : requests_(std::make_unique<Requests>()) {}
Transfers::~Transfers() = default;

namespace {

// MPI's counts are int; and a message of 1 GiB is as good as one of many.
constexpr std::size_t most_elements = std::size_t{1} << 27;

// start(first element, count, datatype) for each message that a part is cut into.
template <class Part, class Start>
void for_each_message(const Part& part, Start start) {
  if (part.rows == 0 || part.columns == 0) return;
  const std::size_t columns = std::min(part.columns, most_elements);
  const std::size_t rows = std::min(part.rows, most_elements / columns);
  for (std::size_t i = 0; i < part.rows; i += rows) {
    for (std::size_t j = 0; j < part.columns; j += columns) {
      const std::size_t height = std::min(rows, part.rows - i), width = std::min(columns, part.columns - j);
      auto* const data = part.data + i * part.stride + j;
      if (height == 1 || width == part.stride) {
        start(data, static_cast<int>(height * width), MPI_DOUBLE);
        continue;
      }
      MPI_Datatype type = MPI_DATATYPE_NULL;
      check(MPI_Type_create_hvector(static_cast<int>(height), static_cast<int>(width),
                                    static_cast<MPI_Aint>(part.stride * sizeof(double)), MPI_DOUBLE, &type),
            "MPI_Type_create_hvector");
      check(MPI_Type_commit(&type), "MPI_Type_commit");
      start(data, 1, type);
      MPI_Type_free(&type);  // once the message is through
    }
  }
}

}  // namespace

void Transfers::send(const Comm& comm, const MatrixView& part, int to, int tag) {
  for_each_message(part, [&](const double* data, int count, MPI_Datatype type) {
    requests_->all.push_back(MPI_REQUEST_NULL);
    check(MPI_Isend(data, count, type, to, tag, comm.handle().comm, &requests_->all.back()), "MPI_Isend");
    int bytes = 0;
    MPI_Type_size(type, &bytes);
    comm.count(static_cast<std::size_t>(bytes) * static_cast<std::size_t>(count));
  });
}

void Transfers::receive(const Comm& comm, const MatrixSpan& part, int from, int tag) {
  for_each_message(part, [&](double* data, int count, MPI_Datatype type) {
    requests_->all.push_back(MPI_REQUEST_NULL);
    check(MPI_Irecv(data, count, type, from, tag, comm.handle().comm, &requests_->all.back()), "MPI_Irecv");
  });
}

void Transfers::poll() {
  int done = 0;
  auto& all = requests_->all;
  check(MPI_Testall(static_cast<int>(all.size()), all.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
  if (done) all.clear();
}

void Transfers::wait() {
  mpi::wait(requests_->all, "MPI_Testall");
  requests_->all.clear();
}

}  // namespace concdemo::mpi
