#include "system/mpi_pending.hpp"

#include <utility>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

struct PendingReduction::State {
  std::vector<std::uint64_t> in, out;
  MPI_Request request = MPI_REQUEST_NULL;
  bool signed_order = false;  // of `in`, and of `out` until somebody has waited

  explicit State(std::vector<std::uint64_t> values) : in(std::move(values)), out(in.size()) {}
  int count() const { return static_cast<int>(in.size()); }
};

PendingReduction::PendingReduction(std::unique_ptr<State> state) : state_(std::move(state)) {}
PendingReduction::PendingReduction(PendingReduction&&) noexcept = default;
PendingReduction& PendingReduction::operator=(PendingReduction&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
PendingReduction::~PendingReduction() {
  if (state_ && state_->request != MPI_REQUEST_NULL) static_cast<void>(state_.release());
}

PendingReduction PendingReduction::min(const Comm& comm, std::vector<std::uint64_t> values) {
  auto state = std::make_unique<State>(std::move(values));
  state->signed_order = true;
  for (auto& value : state->in) value = in_signed_order(value);
  check(MPI_Iallreduce(state->in.data(), state->out.data(), state->count(), MPI_INT64_T, MPI_MIN, comm.handle().comm,
                       &state->request),
        "MPI_Iallreduce");
  comm.count(state->in.size() * sizeof(std::uint64_t));
  return PendingReduction(std::move(state));
}

PendingReduction PendingReduction::sum(const Comm& comm, std::vector<std::uint64_t> values) {
  auto state = std::make_unique<State>(std::move(values));
  check(MPI_Ireduce(state->in.data(), state->out.data(), state->count(), MPI_UINT64_T, MPI_SUM, 0, comm.handle().comm,
                    &state->request),
        "MPI_Ireduce");
  comm.count(state->in.size() * sizeof(std::uint64_t));
  return PendingReduction(std::move(state));
}

bool PendingReduction::test() {
  int done = 0;
  check(MPI_Test(&state_->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

std::span<const std::uint64_t> PendingReduction::wait() {
  mpi::wait({&state_->request, 1}, "MPI_Testall");
  if (std::exchange(state_->signed_order, false)) {
    for (auto& value : state_->out) value = in_signed_order(value);
  }
  return state_->out;
}

}  // namespace concdemo::mpi
