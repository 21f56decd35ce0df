#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

// The one wrapper of MPI. Every wait polls and sleeps, so that ranks that outnumber cores do not starve the others.
// All calls are made by the thread that made the Session (MPI_THREAD_FUNNELED), and all but rank(), size() and
// traffic() are collective. An MPI failure throws Error(system) with MPI's own text.
namespace concdemo::mpi {

// MPI_Init_thread to MPI_Finalize.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

// Before the Session, for a process that no launcher started: Open MPI then neither starts a daemon nor looks for
// networks, which takes 0.1 s where it took 0.45, nor makes a folder for temporary files. What the user has set stays.
void expect_no_other_rank();

[[noreturn]] void abort(int exit_code);  // the last resort: ends every rank
void abort_in_wait(int exit_code);       // the main thread does so as soon as it waits; any thread may call this
std::string library_version();           // first line of MPI_Get_library_version

double waited_s();  // seconds this rank has spent waiting for others in calls of this wrapper

// Calls made and payload bytes handed over by this rank since the start.
struct Traffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t shared_bytes = 0;  // read from other ranks' arrays in shared memory, without a message
};

class Comm {
 public:
  static Comm world();  // a duplicate of MPI_COMM_WORLD; used by main only
  Comm(Comm&&) noexcept;
  ~Comm();  // frees without waiting for other ranks

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  Comm split(int colour) const;  // ranks of one colour, in rank order
  Comm split_by_node() const;    // ranks that share memory

  void barrier() const;
  void park() const;  // a barrier for a rank with nothing to do: it looks ever more seldom, every 10 ms in the end
  bool everyone_arrives(double timeout_s) const;  // a barrier that gives up; the Comm is unusable after false
  void broadcast(std::span<std::byte> bytes, int root = 0) const;
  std::string broadcast(const std::string& text, int root = 0) const;  // any length
  template <class T>
  T broadcast_value(T value, int root = 0) const {
    static_assert(std::is_trivially_copyable_v<T>);
    broadcast(std::as_writable_bytes(std::span(&value, 1)), root);
    return value;
  }
  double max(double value) const;
  std::uint64_t max(std::uint64_t value) const;
  std::uint64_t min(std::uint64_t value) const;
  std::uint64_t sum(std::uint64_t value) const;                          // modulo 2^64
  void sum(std::span<std::uint64_t> values) const;                       // modulo 2^64, each of them
  void sum(std::span<double> values) const;                              // each of them, in whatever order MPI chooses
  void reduce_sum(std::span<std::uint64_t> values, int root = 0) const;  // modulo 2^64; result on root only
  // One string a rank, in rank order: on rank 0 (none elsewhere), or on every rank. 2 GiB in all at most.
  std::vector<std::string> gather(const std::string& text) const { return collect(text, false); }
  std::vector<std::string> all_gather(const std::string& text) const { return collect(text, true); }

  // One collective, one custom operation: the merge of every rank's state, the same on all ranks.
  template <class T>
  T combine(T state, void (*merge)(const T& in, T& inout)) const {
    static_assert(std::is_trivially_copyable_v<T>);
    combine_bytes(&state, sizeof(T),
                  [merge](const void* in, void* inout) { merge(*static_cast<const T*>(in), *static_cast<T*>(inout)); });
    return state;
  }

  // Whether all ranks gave the same value, which may be a hash: one collective.
  bool all_same(std::uint64_t value) const {
    struct Seen {
      std::uint64_t least, most;
    };
    const auto seen = combine<Seen>({value, value}, [](const Seen& in, Seen& inout) {
      inout = {std::min(in.least, inout.least), std::max(in.most, inout.most)};
    });
    return seen.least == seen.most;
  }

  // One small message to one rank, and the next one from any; not collective. Both return at once: send() leaves the
  // value with MPI, which holds a few KiB a message without a receiver.
  template <class T>
  void send(const T& value, int to) const {
    static_assert(std::is_trivially_copyable_v<T>);
    send_bytes(&value, sizeof(T), to);
  }
  template <class T>
  struct Message {
    int from = 0;
    T value{};
  };
  template <class T>
  std::optional<Message<T>> poll() const {
    static_assert(std::is_trivially_copyable_v<T>);
    Message<T> message;
    if (!poll_bytes(&message.value, sizeof(T), message.from)) return {};
    return message;
  }

  Traffic traffic() const { return traffic_; }
  void count_shared(std::uint64_t bytes) const { traffic_.shared_bytes += bytes; }

  struct Handle;  // for the wrapper's own files
  const Handle& handle() const { return *handle_; }
  void count(std::size_t bytes) const;  // one message

 private:
  explicit Comm(std::unique_ptr<Handle> handle);
  void send_bytes(const void* bytes, std::size_t count, int to) const;
  bool poll_bytes(void* bytes, std::size_t count, int& from) const;
  void combine_bytes(void* state, std::size_t bytes, const std::function<void(const void*, void*)>& merge) const;
  std::vector<std::string> collect(const std::string& text, bool everywhere) const;

  std::unique_ptr<Handle> handle_;
  int rank_ = 0;
  int size_ = 1;
  mutable Traffic traffic_;
};

// Runs local work on every rank, then agrees on how it went: when it threw anywhere, every rank throws the Error of the
// lowest such rank (its message names the rank when there is more than one), so that no rank is left waiting.
// `work` makes no collective call.
void together(const Comm& comm, const std::function<void()>& work);

// The same for work of rank 0 alone.
inline void on_root(const Comm& comm, const std::function<void()>& work) {
  together(comm, [&] {
    if (comm.is_root()) work();
  });
}

}  // namespace concdemo::mpi
