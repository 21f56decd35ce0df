#include "fetch/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <thread>

#include "base/clock.hpp"
#include "base/failure.hpp"
#include "base/partition.hpp"
#include "fetch/ways.hpp"
#include "screen/terminal.hpp"
#include "system/limits.hpp"
#include "system/signals.hpp"

namespace concdemo::fetch {
namespace {

// From the transfers' threads to the main thread, which alone talks to MPI and to the terminal.
class Queue {
 public:
  void push(const Event& event) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(event);
    changed_.notify_one();
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  // Those that came, after timeout_s at the latest; `open` turns false when none will follow.
  std::vector<Event> take(double timeout_s, bool& open) {
    std::vector<Event> events;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(timeout_s), [&] { return closed_ || !events_.empty(); });
    events.swap(events_);
    open = !closed_;
    return events;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  bool closed_ = false;
};

// One rank's transfers, on threads of their own. Every one reports that it finished, whatever happens.
class Engine {
 public:
  Engine(const Request& request, const Settings& settings, const Assignment& assignment, int rank)
      : settings_(settings), assignment_(assignment), threads_(request.threads) {
    for (std::size_t i = static_cast<std::size_t>(rank); assignment.parallel > 0 && i < request.items.size();
         i += static_cast<std::size_t>(assignment.ranks)) {
      transfers_.emplace_back(request.items[i], static_cast<std::uint32_t>(i), settings_, unfinished_, report_);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  Queue& queue() { return queue_; }
  void remove_unfinished() { unfinished_.remove_all(); }

 private:
  void run(const std::stop_token& stop) {
    const Failure failure = attempt([&] {
      std::vector<Transfer*> open;
      for (Transfer& transfer : transfers_) {
        if (stop.stop_requested()) return;
        if (!transfer.is_settled()) open.push_back(&transfer);
      }
      (threads_ ? fetch_by_threads : fetch_by_event_loop)(open, settings_.folder, assignment_.parallel, stop);
    });
    for (Transfer& transfer : transfers_) {
      if (failure.failed()) transfer.fail(failure.text);
    }
    queue_.close();
  }

  const Settings settings_;
  const Assignment assignment_;
  const bool threads_;
  Queue queue_;
  Unfinished unfinished_;
  const Report report_ = [this](const Event& event) { queue_.push(event); };
  std::deque<Transfer> transfers_;
  std::jthread thread_;  // last: it joins before the rest goes
};

[[noreturn]] void end_by_signal(const mpi::Comm& comm, const std::string& scratch, Engine& engine, Display& display,
                                int signal) {
  engine.remove_unfinished();
  std::error_code ignored;
  if (!scratch.empty()) std::filesystem::remove_all(scratch, ignored);
  display.clear();
  if (comm.is_root()) message(fmt::format("stopped by a signal ({}); unfinished files are removed", strsignal(signal)));
  // mpirun kills the others as soon as one ends: they are to have removed theirs by then.
  if (comm.size() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  NotedSignal::end_by(signal);
}

// Until every transfer of this rank, on rank 0 of all ranks, has finished: rank 0 notes and shows all events, the
// others hand theirs over.
void follow(const mpi::Comm& comm, const std::string& scratch, Engine& engine, Display& display,
            std::vector<Event>& outcomes) {
  const NotedSignal signal;
  std::size_t left = outcomes.size();
  const auto note = [&](const Event& event) {
    display.show(event);
    if (event.kind != Kind::finished) return;
    --left;
    outcomes[event.item] = event;
  };
  for (bool open = true; comm.is_root() ? left > 0 : open;) {
    for (const Event& event : engine.queue().take(comm.is_root() && comm.size() > 1 ? 0.002 : 0.02, open)) {
      if (comm.is_root()) note(event);
      else comm.send(event, 0);
    }
    if (comm.is_root() && comm.size() > 1) {
      while (const auto message = comm.poll<Event>()) note(message->value);
    } else if (comm.is_root() && !open && left > 0) {
      throw system_error("fetch: a transfer ended without a word");
    }
    display.refresh();
    if (const int number = signal.get()) end_by_signal(comm, scratch, engine, display, number);
  }
}

}  // namespace

Assignment assignment_of(std::size_t items, int parallel, int rank, int size) {
  const auto ranks =
      std::min<std::uint64_t>({items, static_cast<std::uint64_t>(parallel), static_cast<std::uint64_t>(size)});
  const auto mine = static_cast<std::uint64_t>(rank);
  const auto places = mine < ranks ? part_of(static_cast<std::uint64_t>(parallel), ranks, mine).size() : 0;
  return {static_cast<int>(ranks), static_cast<int>(places)};
}

Summary fetch_all(const mpi::Comm& world, const Request& request, Display& display) {
  const mpi::Comm comm = world.split(0);  // its own, so that events meet no other messages
  Settings settings = request.settings;
  settings.progress = comm.broadcast_value(display.has_bars());
  const Assignment assignment = assignment_of(request.items.size(), request.parallel, comm.rank(), comm.size());
  mpi::together(comm, [&] {  // of each transfer a file and a connection; what libcurl and its threads have beside them
    limits::require_files(2 * assignment.parallel + 16,
                          fmt::format("fetching {} files at a time", assignment.parallel));
  });
  Summary summary;
  summary.ranks = assignment.ranks;
  if (comm.is_root()) summary.outcomes.resize(request.items.size());
  if (comm.is_root()) remove_left_parts(settings.folder);
  comm.barrier();
  const double start_s = now_s();
  {
    Engine engine(request, settings, assignment, comm.rank());
    follow(comm, request.scratch, engine, display, summary.outcomes);
  }
  display.clear();
  summary.seconds = comm.max(now_s() - start_s);
  const auto failed = std::count_if(summary.outcomes.begin(), summary.outcomes.end(),
                                    [](const Event& outcome) { return outcome.result == Result::failed; });
  summary.failed = comm.broadcast_value(static_cast<std::uint64_t>(failed));
  return summary;
}

}  // namespace concdemo::fetch
