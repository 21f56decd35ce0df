// Locks: one that all computing waits for, two in the wrong order.
#include <fmt/format.h>

#include <mutex>

#include "base/partition.hpp"
#include "base/text.hpp"
#include "lessons/mistake.hpp"
#include "lessons/mistake_child.hpp"
#include "lessons/mistake_tools.hpp"

namespace concdemo {
namespace {

constexpr int threads = 4;

// --- cpu-under-one-lock

// Pieces of a few milliseconds: longer than a time slice, so that on one CPU too threads are seen inside together.
constexpr std::uint64_t pieces = 4;  // of each thread
constexpr std::uint64_t piece_length = 6'000'000;

double add_squares(double sum, std::uint64_t piece, Gauge& computing) {
  computing.enter();
  const std::uint64_t begin = piece * piece_length;
  for (std::uint64_t i = begin; i < begin + piece_length; ++i) sum += static_cast<double>(i) * static_cast<double>(i);
  computing.leave();
  return sum;
}

double sum_under_one_lock(Range part, std::mutex& one_lock, Gauge& computing) {
  double sum = 0;
  // shown: cpu-under-one-lock.broken
  for (std::uint64_t piece = part.begin; piece < part.end; ++piece) {
    const std::scoped_lock held(one_lock);  // as an interpreter's global lock: whoever computes holds it
    sum = add_squares(sum, piece, computing);
  }
  // shown end
  return sum;
}

double sum_without_lock(Range part, std::mutex&, Gauge& computing) {
  double sum = 0;
  // shown: cpu-under-one-lock.mended
  for (std::uint64_t piece = part.begin; piece < part.end; ++piece) {
    sum = add_squares(sum, piece, computing);  // nothing is shared: nothing to lock
  }
  // shown end
  return sum;
}

using SumPart = double (*)(Range, std::mutex&, Gauge&);

struct Computed {
  std::vector<double> sums;  // of each thread
  int most_at_once = 0;
  double elapsed_s = 0;
};

Computed compute_on(int team, SumPart sum_part) {
  Computed computed;
  computed.sums.resize(threads);
  std::mutex one_lock;
  Gauge computing;
  const auto work = [&](int thread) {
    for (std::uint64_t i = static_cast<std::uint64_t>(thread); i < threads; i += static_cast<std::uint64_t>(team)) {
      computed.sums[i] = sum_part({i * pieces, (i + 1) * pieces}, one_lock, computing);
    }
  };
  // The shortest of three: what the machine does besides only adds.
  computed.elapsed_s = std::min({run_on_threads(team, work), run_on_threads(team, work), run_on_threads(team, work)});
  computed.most_at_once = computing.most();
  return computed;
}

Findings run_cpu_under_one_lock() {
  constexpr int tries = 10;  // all of them at once on one CPU: a matter of its time slices
  const Computed alone = compute_on(1, sum_without_lock);
  const Computed broken = compute_on(threads, sum_under_one_lock);
  Computed mended;
  for (int i = 0; i < tries && mended.most_at_once < threads; ++i) mended = compute_on(threads, sum_without_lock);
  const auto finding = [&](const Computed& computed, const char* shown, const char* way, int wanted_at_once) {
    const auto& [sums, most, elapsed_s] = computed;
    const double speed_up = alone.elapsed_s / elapsed_s;
    const auto seen = fmt::format("{}: {}, {:.2f} times as fast as one thread; {} computed at once",
                                  threads_on_cpus(threads), format_seconds(elapsed_s), speed_up,
                                  most == 1 ? "never more than one" : fmt::format("up to {}", most));
    const Json figures{{"threads", threads}, {"elapsed_s", elapsed_s}, {"speed_up", speed_up}, {"most_at_once", most}};
    return Finding{shown, way, most == wanted_at_once && sums == alone.sums, seen, figures};
  };
  return {finding(broken, "cpu-under-one-lock.broken", "", 1),
          {finding(mended, "cpu-under-one-lock.mended", "no shared lock", threads)}};
}

// --- lock-order

struct Account {
  std::mutex lock;
  int rupees = 1000;
};

using Transfer = void (*)(Account&, Account&, std::latch&);

void transfer_lock_by_lock(Account& from, Account& to, std::latch& each_holds_one) {
  // shown: lock-order.broken
  const std::scoped_lock first(from.lock);
  each_holds_one.arrive_and_wait();        // makes sure of what else happens once a month
  const std::scoped_lock second(to.lock);  // the other transfer holds it, and waits for ours
  from.rupees -= 100;
  to.rupees += 100;
  // shown end
}

void transfer_both_locked(Account& from, Account& to, std::latch& both_begun) {
  both_begun.arrive_and_wait();
  // shown: lock-order.mended
  const std::scoped_lock both(from.lock, to.lock);  // all or none, in whatever order they are named
  from.rupees -= 100;
  to.rupees += 100;
  // shown end
}

// Lahore to Karachi and Karachi to Lahore, at the same time.
void transfer_there_and_back(Transfer transfer) {
  Account lahore;
  Account karachi;
  std::latch both(2);
  std::jthread there([&] { transfer(lahore, karachi, both); });
  std::jthread back([&] { transfer(karachi, lahore, both); });
  both.wait();
  write_line("both transfers are under way");
  there.join();
  back.join();
  write_line(fmt::format("balances {} and {}", lahore.rupees, karachi.rupees));
}

Findings run_lock_order() {
  const ChildRun broken = run_in_child([] { transfer_there_and_back(transfer_lock_by_lock); }, 0.5);
  const ChildRun mended = run_in_child([] { transfer_there_and_back(transfer_both_locked); }, 5);
  const auto finding = [](const ChildRun& run, const char* shown, const char* way, bool as_expected) {
    const auto last = run.output.find("balances");
    const auto result = last == std::string::npos ? "no result" : run.output.substr(last, run.output.size() - last - 1);
    const auto elapsed = format_seconds(run.elapsed_s);
    const auto seen = run.timed_out ? fmt::format(
                                          "two transfers, each with one lock, waited for the other's; ended from "
                                          "outside after {}, of which {} of CPU time",
                                          elapsed, format_seconds(run.cpu_s))
                                    : fmt::format("exit code {} after {}: {}", run.exit_code, elapsed, result);
    const Json figures{{"deadlock", run.timed_out}, {"elapsed_s", run.elapsed_s}, {"cpu_s", run.cpu_s}};
    return Finding{shown, way, as_expected, seen, figures};
  };
  return {
      finding(broken, "lock-order.broken", "", broken.timed_out && broken.output == "both transfers are under way\n"),
      {finding(mended, "lock-order.mended", "std::scoped_lock of both",
               mended.succeeded() && mended.output.ends_with("balances 1000 and 1000\n"))}};
}

}  // namespace

const Mistake cpu_under_one_lock_mistake{
    .name = "cpu-under-one-lock",
    .summary = "threads that compute under one lock take turns: no faster than one",
    .mistake =
        "Several threads compute, but each holds the same lock while it does, as all threads of a Python program do. "
        "There are many threads and one works.",
    .rule =
        "Share nothing while computing: a part and a sum of its own for each thread. Under an interpreter's global "
        "lock use processes for computing, threads for waiting.",
    .in_process = run_cpu_under_one_lock};

const Mistake lock_order_mistake{
    .name = "lock-order",
    .summary = "two threads lock the same two mutexes in opposite order: deadlock",
    .mistake =
        "Each of two transfers locks its own account first and then the other's. When both hold one lock, each waits "
        "for the other for ever. It costs no CPU time, so that nothing but a timeout shows it.",
    .rule = "Lock all at once with std::scoped_lock(a, b), or always in one order.",
    .in_process = run_lock_order};

}  // namespace concdemo
