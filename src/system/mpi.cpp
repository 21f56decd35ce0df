#include "system/mpi.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "system/mpi_handle.hpp"

namespace concdemo::mpi {
namespace {
double total_waited_s = 0;
std::atomic<int> code_to_abort_with = 0;
}  // namespace

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw system_error(std::string(call) + ": " + std::string(text.data(), static_cast<std::size_t>(length)));
}

bool wait(std::span<MPI_Request> requests, const char* call, double timeout_s,
          std::chrono::milliseconds longest_sleep) {
  using namespace std::chrono;
  const auto start = steady_clock::now();
  std::optional<activity::Waiting> waiting;
  while (true) {
    int done = 0;
    // Of several, MPI only says that some failed.
    check(requests.size() == 1
              ? MPI_Test(requests.data(), &done, MPI_STATUS_IGNORE)
              : MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
          call);
    const duration<double> waited = steady_clock::now() - start;
    if (done != 0) {
      total_waited_s += waited.count();
      activity::beat();
      return true;
    }
    if (waited.count() > timeout_s) return false;
    if (waited < microseconds(50)) continue;
    if (const int code = code_to_abort_with) abort(code);
    if (!waiting) waiting.emplace(activity::State::waits_for_ranks);
    std::this_thread::sleep_for(std::clamp<duration<double>>(waited / 16, microseconds(10), longest_sleep));
  }
}

void expect_no_other_rank() {
  constexpr int keep = 0;
  setenv("OMPI_MCA_ess_singleton_isolated", "1", keep);
  setenv("OMPI_MCA_orte_create_session_dirs", "0", keep);  // one name for all such processes, which would remove it
  setenv("OMPI_MCA_pml", "ob1", keep);
  setenv("OMPI_MCA_btl", "self", keep);
}

Session::Session() {
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    throw system_error("this MPI library does not support threads (MPI_THREAD_FUNNELED); use one that does");
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

Session::~Session() { MPI_Finalize(); }

void abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

void abort_in_wait(int exit_code) { code_to_abort_with = exit_code; }

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data(), static_cast<std::size_t>(length));
  return version.substr(0, version.find_first_of(",\n"));
}

double waited_s() { return total_waited_s; }

Comm::Comm(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {
  check(MPI_Comm_set_errhandler(handle_->comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(handle_->comm, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(handle_->comm, &size_), "MPI_Comm_size");
}
Comm::Comm(Comm&&) noexcept = default;
Comm::~Comm() {
  if (handle_ && std::uncaught_exceptions() == 0) MPI_Comm_free(&handle_->comm);
}

Comm Comm::world() {
  auto handle = std::make_unique<Handle>();
  check(MPI_Comm_dup(MPI_COMM_WORLD, &handle->comm), "MPI_Comm_dup");
  return Comm(std::move(handle));
}

Comm Comm::split(int colour) const {
  const activity::Waiting waiting(activity::State::waits_for_ranks);
  auto handle = std::make_unique<Handle>();
  check(MPI_Comm_split(handle_->comm, colour, rank_, &handle->comm), "MPI_Comm_split");
  return Comm(std::move(handle));
}

Comm Comm::split_by_node() const {
  const activity::Waiting waiting(activity::State::waits_for_ranks);
  auto handle = std::make_unique<Handle>();
  check(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &handle->comm),
        "MPI_Comm_split_type");
  return Comm(std::move(handle));
}

void Comm::count(std::size_t bytes) const {
  ++traffic_.messages;
  traffic_.bytes += bytes;
}

void Comm::barrier() const {
  everyone_arrives(1e18);
  count(0);
}

void Comm::park() const {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(handle_->comm, &request), "MPI_Ibarrier");
  wait({&request, 1}, "MPI_Ibarrier", 1e18, std::chrono::milliseconds(10));
  count(0);
}

bool Comm::everyone_arrives(double timeout_s) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(handle_->comm, &request), "MPI_Ibarrier");
  return wait({&request, 1}, "MPI_Ibarrier", timeout_s);
}

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
