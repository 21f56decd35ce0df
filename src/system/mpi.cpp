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

namespace {
template <class Test>
bool wait_for(Test is_done, double timeout_s, std::chrono::milliseconds longest_sleep = std::chrono::milliseconds(1)) {
  using namespace std::chrono;
  const auto start = steady_clock::now();
  std::optional<activity::Waiting> waiting;
  while (true) {
    const bool done = is_done();
    const duration<double> waited = steady_clock::now() - start;
    if (done) {
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
}  // namespace

bool wait(MPI_Request request, const char* call, double timeout_s, std::chrono::milliseconds longest_sleep) {
  return wait_for(
      [&] {
        int done = 0;
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
        return done != 0;
      },
      timeout_s, longest_sleep);
}

void wait_all(std::span<MPI_Request> requests, const char* call) {
  wait_for(
      [&] {
        int done = 0;
        check(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE), call);
        return done != 0;
      },
      1e18);
}

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 30;  // MPI counts are int

// MPI_Op functions carry no context: the merge of the combine under way.
const std::function<void(const void*, void*)>* current_merge = nullptr;

void run_merge(void* in, void* inout, int* count, MPI_Datatype* type) {
  int size = 0;
  MPI_Type_size(*type, &size);
  for (int i = 0; i < *count; ++i) {
    const std::size_t offset = static_cast<std::size_t>(i) * static_cast<std::size_t>(size);
    (*current_merge)(static_cast<const char*>(in) + offset, static_cast<char*>(inout) + offset);
  }
}

}  // namespace

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
  wait(request, "MPI_Ibarrier", 1e18, std::chrono::milliseconds(10));
  count(0);
}

bool Comm::everyone_arrives(double timeout_s) const {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(handle_->comm, &request), "MPI_Ibarrier");
  return wait(request, "MPI_Ibarrier", timeout_s);
}

void Comm::broadcast(std::span<std::byte> bytes, int root) const {
  for (std::size_t at = 0; at < bytes.size(); at += chunk_bytes) {
    const std::size_t length = std::min(chunk_bytes, bytes.size() - at);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibcast(bytes.data() + at, static_cast<int>(length), MPI_BYTE, root, handle_->comm, &request),
          "MPI_Ibcast");
    wait(request, "MPI_Ibcast");
    count(length);
  }
}

std::string Comm::broadcast(const std::string& text, int root) const {
  std::string result = text;
  result.resize(broadcast_value(text.size(), root));
  broadcast(std::as_writable_bytes(std::span(result)), root);
  return result;
}

namespace {
template <class T>
T reduce_all(MPI_Comm comm, T value, MPI_Datatype type, MPI_Op op) {
  MPI_Request request = MPI_REQUEST_NULL;
  T result{};
  check(MPI_Iallreduce(&value, &result, 1, type, op, comm, &request), "MPI_Iallreduce");
  wait(request, "MPI_Iallreduce");
  return result;
}
}  // namespace

double Comm::max(double value) const {
  count(sizeof value);
  return reduce_all(handle_->comm, value, MPI_DOUBLE, MPI_MAX);
}
std::uint64_t Comm::max(std::uint64_t value) const {
  count(sizeof value);
  return in_signed_order(reduce_all(handle_->comm, in_signed_order(value), MPI_INT64_T, MPI_MAX));
}
std::uint64_t Comm::min(std::uint64_t value) const {
  count(sizeof value);
  return in_signed_order(reduce_all(handle_->comm, in_signed_order(value), MPI_INT64_T, MPI_MIN));
}
std::uint64_t Comm::sum(std::uint64_t value) const {
  count(sizeof value);
  return reduce_all(handle_->comm, value, MPI_UINT64_T, MPI_SUM);
}

std::vector<std::string> Comm::collect(const std::string& text, bool everywhere) const {
  const bool receives = everywhere || is_root();
  std::vector<int> lengths(receives ? static_cast<std::size_t>(size_) : 0);
  const int length = static_cast<int>(text.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check(everywhere ? MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, handle_->comm, &request)
                   : MPI_Igather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, handle_->comm, &request),
        "MPI_Igather");
  wait(request, "MPI_Igather");
  std::vector<int> offsets;
  int total = 0;
  for (const int each : lengths) {
    offsets.push_back(total);
    total += each;
  }
  std::string all(static_cast<std::size_t>(total), '\0');
  check(everywhere ? MPI_Iallgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(),
                                     MPI_CHAR, handle_->comm, &request)
                   : MPI_Igatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR,
                                  0, handle_->comm, &request),
        "MPI_Igatherv");
  wait(request, "MPI_Igatherv");
  count(sizeof length);
  count(text.size());
  std::vector<std::string> result;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    result.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
  }
  return result;
}

void Comm::combine_bytes(void* state, std::size_t bytes, const std::function<void(const void*, void*)>& merge) const {
  MPI_Datatype type = MPI_DATATYPE_NULL;
  check(MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type), "MPI_Type_contiguous");
  check(MPI_Type_commit(&type), "MPI_Type_commit");
  MPI_Op op = MPI_OP_NULL;
  check(MPI_Op_create(run_merge, 1, &op), "MPI_Op_create");
  current_merge = &merge;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(MPI_IN_PLACE, state, 1, type, op, handle_->comm, &request), "MPI_Iallreduce");
  wait(request, "MPI_Iallreduce");
  current_merge = nullptr;
  MPI_Op_free(&op);
  MPI_Type_free(&type);
  count(bytes);
}

}  // namespace concdemo::mpi
