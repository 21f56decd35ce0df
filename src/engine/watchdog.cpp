#include "engine/watchdog.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "engine/terminal.hpp"
#include "system/signals.hpp"
#include "system/topology.hpp"

namespace concdemo {

using activity::State;

namespace {

constexpr double minute_s = 60;
constexpr double abort_s = 5;    // that MPI_Abort may take
constexpr double hand_over_s = 1;  // until a main thread that waits has called it

struct Seat {
  std::atomic<std::uint64_t> rank;
  std::array<activity::Slot, 2> slots;                  // main thread, I/O thread
  std::array<std::atomic<std::uint64_t>, 2> reported;  // beats + 1 of the silence that somebody spoke about
};

// A rank that waits does so at most as long as the one it waits for, which is to be named first.
double patience_s(double after_s) { return 1.25 * after_s + 1; }

}  // namespace

// Zeroed memory; a seat for each rank of the node.
struct Watchdog::Board {
  std::atomic<std::uint64_t> ending;    // somebody has said why the job ends
  std::atomic<std::uint64_t> aborting;  // somebody's main thread was told to
  Seat* seats() { return reinterpret_cast<Seat*>(this + 1); }
};

// What this process saw of a slot.
struct Watchdog::Seen {
  std::uint64_t beats = 0;
  double silent_s = 0;
};

Watchdog::Watchdog(const mpi::Comm& comm, double timeout_s, const std::string& advice)
    : timeout_s_(timeout_s),
      host_(host_name()),
      advice_(advice),
      node_(comm.split_by_node()),
      seat_(node_.rank()),
      memory_(node_, sizeof(Board) + static_cast<std::size_t>(node_.size()) * sizeof(Seat)),
      board_(*static_cast<Board*>(memory_.data())) {
  Seat& seat = board_.seats()[seat_];
  seat.rank = static_cast<std::uint64_t>(comm.rank());
  activity::watch(&seat.slots[0], &seat.slots[1]);
  activity::at("starting");
  const activity::Waiting waiting(State::waits_for_ranks);
  node_.barrier();
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { look_on(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
  activity::rest();
  activity::watch(nullptr, nullptr);
}

void Watchdog::look_on() {
  const double interval_s = timeout_s_ > 0 ? std::clamp(timeout_s_ / 20, 0.01, 1.0) : 1.0;
  std::vector<Seen> seen(static_cast<std::size_t>(node_.size()) * 2);
  double last_s = now_s();
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, std::chrono::duration<double>(interval_s), [&] { return stop_; })) {
    lock.unlock();
    const double passed_s = std::min(now_s() - last_s, 2 * interval_s);
    last_s = now_s();
    look(seen, passed_s);
    lock.lock();
  }
}

// Those that are late, for people; "" when there are none. With `claim` only where no process spoke of it before.
std::string Watchdog::late(const std::vector<Seen>& seen, double after_s, bool claim) const {
  std::string text;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    Seat& seat = board_.seats()[i / 2];
    const auto& slot = seat.slots[i % 2];
    if (slot.state != State::working || seen[i].silent_s < after_s) continue;
    if (claim && seat.reported[i % 2].exchange(seen[i].beats + 1) == seen[i].beats + 1) continue;
    text += fmt::format("{}rank {} on {} has not gone on for {:.3g} s; {}: {}", text.empty() ? "" : "\n  ",
                        seat.rank.load(), host_, seen[i].silent_s, i % 2 == 0 ? "it is at" : "its I/O thread is at",
                        activity::text_of(slot));
  }
  return text;
}

bool Watchdog::main_thread_waits(int seat) const {
  return board_.seats()[seat].slots[0].state == State::waits_for_ranks;
}

// MPI is promised to be called by main threads alone: one that waits does it. Where there is none, this thread has to;
// should that be too much for this MPI, the launcher sees a rank that is gone.
void Watchdog::end_job() {
  constexpr int code = static_cast<int>(ExitCode::system);
  if (main_thread_waits(seat_) && board_.aborting.exchange(1) == 0) mpi::abort_in_wait(code);
  if (ending_since_s_ == 0) return;
  bool somebody_waits = false;
  for (int i = 0; i < node_.size(); ++i) somebody_waits = somebody_waits || main_thread_waits(i);
  if (somebody_waits && now_s() - ending_since_s_ < hand_over_s) return;
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::duration<double>(abort_s));
    ::_exit(code);
  }).detach();
  mpi::abort(code);
}

void Watchdog::look(std::vector<Seen>& seen, double passed_s) {
  if (board_.ending != 0) return end_job();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto beats = board_.seats()[i / 2].slots[i % 2].beats.load();
    seen[i] = {beats, beats == seen[i].beats ? seen[i].silent_s + passed_s : 0};
  }
  const std::size_t mine = 2 * static_cast<std::size_t>(seat_);
  const auto waits_too_long = [&](double after_s) {
    const auto& slot = board_.seats()[seat_].slots[0];
    return slot.state == State::waits_for_ranks && seen[mine].silent_s >= patience_s(after_s) &&
           late(seen, after_s / 2, false).empty();
  };
  const auto waiting = [&] {
    return fmt::format("rank {} on {} has waited {:.3g} s for other ranks, after: {}; no rank of this host is late, look "
                       "at the others", board_.seats()[seat_].rank.load(), host_, seen[mine].silent_s,
                       activity::text_of(board_.seats()[seat_].slots[0]));
  };
  if (timeout_s_ == 0 || timeout_s_ > minute_s) {
    std::string text = late(seen, minute_s, true);
    if (text.empty() && waits_too_long(minute_s) && board_.seats()[seat_].reported[0].exchange(seen[mine].beats + 1) !=
                                                        seen[mine].beats + 1) {
      text = waiting();
    }
    if (!text.empty() && timeout_s_ == 0) text += "\n  the others wait for it; --hang-timeout S would end the job";
    if (!text.empty()) message(text);
  }
  if (timeout_s_ == 0) return;
  std::string text = late(seen, timeout_s_, false);
  if (!text.empty()) text = late(seen, timeout_s_ * 0.8, false);  // all that stopped with it
  else if (waits_too_long(timeout_s_)) text = waiting();
  if (text.empty() || board_.ending.exchange(1) != 0) return;
  message(fmt::format("{}\n  the job is ended (--hang-timeout {:g}); {}", text, timeout_s_, advice_));
  ending_since_s_ = now_s();
}

}  // namespace concdemo
