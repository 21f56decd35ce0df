#include <algorithm>
#include <numeric>

#include "system/mpi_handle.hpp"

// The collectives of a Comm in which values travel.
namespace concdemo::mpi {
namespace {

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

// `call` is given the MPI_Request to fill in.
template <class Call>
void complete(const char* name, Call call) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(call(&request), name);
  wait({&request, 1}, name);
}

// The same for values of which at most `step` travel in one call: call(first, count, request).
template <class T, class Call>
void complete_in_steps(const Comm& comm, std::span<T> values, std::size_t step, const char* name, Call call) {
  for (std::size_t at = 0; at < values.size(); at += step) {
    const auto part = values.subspan(at, std::min(step, values.size() - at));
    complete(name, [&](MPI_Request* request) { return call(part.data(), static_cast<int>(part.size()), request); });
    comm.count(part.size_bytes());
  }
}

constexpr std::size_t most_bytes = std::size_t{1} << 30;    // MPI counts are int
constexpr std::size_t most_numbers = std::size_t{1} << 20;  // of 8 bytes

template <class T>
void reduce_all(const Comm& comm, std::span<T> values, MPI_Datatype type, MPI_Op op) {
  complete_in_steps(comm, values, most_numbers, "MPI_Iallreduce", [&](T* part, int count, MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, part, count, type, op, comm.handle().comm, request);
  });
}

template <class T>
T reduced(const Comm& comm, T value, MPI_Datatype type, MPI_Op op) {
  reduce_all(comm, std::span(&value, 1), type, op);
  return value;
}

}  // namespace

void Comm::broadcast(std::span<std::byte> bytes, int root) const {
  complete_in_steps(*this, bytes, most_bytes, "MPI_Ibcast", [&](std::byte* part, int count, MPI_Request* request) {
    return MPI_Ibcast(part, count, MPI_BYTE, root, handle_->comm, request);
  });
}

std::string Comm::broadcast(const std::string& text, int root) const {
  std::string result = text;
  result.resize(broadcast_value(text.size(), root));
  broadcast(std::as_writable_bytes(std::span(result)), root);
  return result;
}

double Comm::max(double value) const { return reduced(*this, value, MPI_DOUBLE, MPI_MAX); }
std::uint64_t Comm::max(std::uint64_t value) const {
  return in_signed_order(reduced(*this, in_signed_order(value), MPI_INT64_T, MPI_MAX));
}
std::uint64_t Comm::min(std::uint64_t value) const {
  return in_signed_order(reduced(*this, in_signed_order(value), MPI_INT64_T, MPI_MIN));
}
std::uint64_t Comm::sum(std::uint64_t value) const { return reduced(*this, value, MPI_UINT64_T, MPI_SUM); }
void Comm::sum(std::span<std::uint64_t> values) const { reduce_all(*this, values, MPI_UINT64_T, MPI_SUM); }
void Comm::sum(std::span<double> values) const { reduce_all(*this, values, MPI_DOUBLE, MPI_SUM); }

void Comm::reduce_sum(std::span<std::uint64_t> values, int root) const {
  complete_in_steps(*this, values, most_numbers, "MPI_Ireduce",
                    [&](std::uint64_t* part, int count, MPI_Request* request) {
                      const bool is_there = rank_ == root;
                      return MPI_Ireduce(is_there ? MPI_IN_PLACE : part, is_there ? part : nullptr, count, MPI_UINT64_T,
                                         MPI_SUM, root, handle_->comm, request);
                    });
}

std::vector<std::string> Comm::collect(const std::string& text, bool everywhere) const {
  const bool receives = everywhere || is_root();
  std::vector<int> lengths(receives ? static_cast<std::size_t>(size_) : 0);
  const int length = static_cast<int>(text.size());
  complete("MPI_Igather", [&](MPI_Request* request) {
    return everywhere ? MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, handle_->comm, request)
                      : MPI_Igather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, handle_->comm, request);
  });
  std::vector<int> offsets(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), offsets.begin(), 0);
  std::string all(receives ? static_cast<std::size_t>(offsets.back() + lengths.back()) : 0, '\0');
  complete("MPI_Igatherv", [&](MPI_Request* request) {
    return everywhere ? MPI_Iallgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(),
                                        MPI_CHAR, handle_->comm, request)
                      : MPI_Igatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(),
                                     MPI_CHAR, 0, handle_->comm, request);
  });
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
  complete("MPI_Iallreduce", [&](MPI_Request* request) {
    return MPI_Iallreduce(MPI_IN_PLACE, state, 1, type, op, handle_->comm, request);
  });
  current_merge = nullptr;
  MPI_Op_free(&op);
  MPI_Type_free(&type);
  count(bytes);
}

}  // namespace concdemo::mpi
