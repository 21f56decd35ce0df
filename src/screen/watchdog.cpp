#include "screen/watchdog.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/activity.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/pause.hpp"
#include "base/printable.hpp"
#include "screen/terminal.hpp"
#include "system/signals.hpp"
#include "system/topology.hpp"

namespace concdemo {

using activity::State;

namespace {

constexpr double minute_s = 60;
constexpr double abort_s = 5;      // that MPI_Abort may take
constexpr double hand_over_s = 1;  // until a main thread that waits has called it

enum Thread : std::size_t { main_thread, io_thread, watching_thread, threads };  // the last: does the process run?

struct Seat {
  std::atomic<std::uint64_t> rank;
  std::array<activity::Slot, threads> slots;
  std::array<std::atomic<std::uint64_t>, threads> reported;  // beats + 1 of the silence that somebody spoke about
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
      node_(mpi::with_shared_memory(comm.split_by_node(),
                                    sizeof(Board) + static_cast<std::size_t>(comm.size()) * sizeof(Seat))),
      seat_(node_.rank()),
      memory_(node_, sizeof(Board) + static_cast<std::size_t>(node_.size()) * sizeof(Seat)),
      board_(*static_cast<Board*>(memory_.data())) {
  Seat& seat = board_.seats()[seat_];
  seat.rank = static_cast<std::uint64_t>(comm.rank());
  activity::watch(&seat.slots[main_thread], &seat.slots[io_thread]);
  activity::at("starting");
  const activity::Waiting waiting(State::waits_for_ranks);
  node_.barrier();
  const SignalsBlocked blocked;
  thread_ = std::jthread([this](const std::stop_token& stop) { look_on(stop); });
}

Watchdog::~Watchdog() {
  thread_.request_stop();
  thread_.join();
  activity::rest();
  activity::watch(nullptr, nullptr);
}

void Watchdog::look_on(const std::stop_token& stop) {
  const double interval_s = timeout_s_ > 0 ? std::clamp(timeout_s_ / 20, 0.01, 1.0) : 1.0;
  std::vector<Seen> seen(static_cast<std::size_t>(node_.size()) * threads);
  double last_s = now_s();
  auto& own = board_.seats()[seat_].slots[watching_thread];
  own.state = State::working;
  while (!stopped_within(interval_s, stop)) {
    const double passed_s = std::min(now_s() - last_s, 2 * interval_s);
    last_s = now_s();
    ++own.beats;
    look(seen, passed_s);
  }
  own.state = State::idle;
}

// Those that are late, for people; "" when there are none. With `claim` only where no process spoke of it before.
std::string Watchdog::late(const std::vector<Seen>& seen, double after_s, bool claim) const {
  constexpr std::array<const char*, threads> what{"it is at", "its I/O thread is at",
                                                  "its process does not run, after"};
  std::string text;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::size_t thread = i % threads;
    Seat& seat = board_.seats()[i / threads];
    const auto is_late = [&](std::size_t which) {
      return seat.slots[which].state == State::working && seen[i - thread + which].silent_s >= after_s;
    };
    if (!is_late(thread) || (thread != watching_thread && is_late(watching_thread))) continue;
    if (claim && seat.reported[thread].exchange(seen[i].beats + 1) == seen[i].beats + 1) continue;
    text += fmt::format("{}rank {} on {} has not gone on for {:.3g} s; {}: {}", text.empty() ? "" : "\n  ",
                        seat.rank.load(), host_, seen[i].silent_s, what[thread],
                        printable(activity::text_of(seat.slots[thread == io_thread ? io_thread : main_thread])));
  }
  return text;
}

// The same, or that this rank waits in vain while nobody here is late.
std::string Watchdog::stalled(const std::vector<Seen>& seen, double after_s, bool claim) const {
  const std::string text = late(seen, after_s, claim);
  const Seen& mine = seen[threads * static_cast<std::size_t>(seat_)];
  if (!text.empty() || !main_thread_waits(seat_) || mine.silent_s < patience_s(after_s)) return text;
  Seat& seat = board_.seats()[seat_];
  if (!late(seen, after_s / 2, false).empty()) return "";
  if (claim && seat.reported[main_thread].exchange(mine.beats + 1) == mine.beats + 1) return "";
  return fmt::format(
      "rank {} on {} has waited {:.3g} s for other ranks, after: {}; no rank of this host is late, look at "
      "the others",
      seat.rank.load(), host_, mine.silent_s, printable(activity::text_of(seat.slots[main_thread])));
}

bool Watchdog::main_thread_waits(int seat) const {
  return board_.seats()[seat].slots[main_thread].state == State::waits_for_ranks;
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
    const auto beats = board_.seats()[i / threads].slots[i % threads].beats.load();
    seen[i] = {beats, beats == seen[i].beats ? seen[i].silent_s + passed_s : 0};
  }
  if (timeout_s_ == 0 || timeout_s_ > minute_s) {
    const std::string text = stalled(seen, minute_s, true);
    const std::string advice = timeout_s_ == 0 ? "\n  the others wait for it; --hang-timeout S would end the job" : "";
    if (!text.empty()) message_lines(text + advice);
  }
  if (timeout_s_ == 0) return;
  const std::string text = stalled(seen, timeout_s_, false);
  if (text.empty() || board_.ending.exchange(1) != 0) return;
  const std::string with_it = late(seen, timeout_s_ * 0.8, false);  // all that stopped at that moment
  message_lines(fmt::format("{}\n  the job is ended (--hang-timeout {:g}); {}", with_it.empty() ? text : with_it,
                            timeout_s_, printable(advice_)));
  ending_since_s_ = now_s();
}

}  // namespace concdemo
