#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

// What the main thread and the I/O thread of this process are doing, kept where a watchdog reads it, also one in
// another process that shares the memory. Costs one load while nobody watches.
namespace concdemo::activity {

enum class State : std::uint64_t { idle, working, waits_for_ranks, waits_for_io };

// Written by one thread; zeroed memory is a valid idle one.
struct Slot {
  std::atomic<std::uint64_t> beats;  // signs of life so far
  std::atomic<State> state;
  std::array<std::atomic<std::uint64_t>, 16> text;  // what it is busy with; ends at the first zero byte, or is cut
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<State>::is_always_lock_free);

// Where the calling thread, the main one, and the I/O threads that start from now on report; nullptr: nowhere. The
// slots outlive what reports there.
void watch(Slot* main_thread, Slot* io_thread);
void report_as_io_thread();  // by an I/O thread, when it starts

bool is_watched();               // the calling thread; spares the making of a text
void at(std::string_view what);  // the calling thread begins this: "fdatasync of out.h5"
void beat();                     // and goes on with it
void rest();                     // it has nothing to do

// While one exists, the calling thread waits for others.
class Waiting {
 public:
  explicit Waiting(State for_whom);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  State before_ = State::idle;
};

std::string text_of(const Slot& slot);

}  // namespace concdemo::activity
