// Threads and who outlives whom: the program, the std::thread object, the result.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <latch>
#include <thread>

#include "base/text.hpp"
#include "lessons/mistake.hpp"
#include "lessons/mistake_child.hpp"

namespace concdemo {
namespace {

using namespace std::chrono_literals;

constexpr double child_limit_s = 3;

int lines_in(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

// --- exit-before-threads

constexpr int printed_lines = 5;

void print_lines() {
  for (int line = 1; line <= printed_lines; ++line) {
    std::this_thread::sleep_for(30ms);  // a download, a query
    write_line(fmt::format("line {} of {}", line, printed_lines));
  }
}

void main_that_leaves() {
  // shown: exit-before-threads.broken
  std::thread worker(print_lines);
  worker.detach();
  return;  // from main: the program ends, and every thread with it
  // shown end
}

void main_that_joins() {
  // shown: exit-before-threads.mended
  std::thread worker(print_lines);
  worker.join();  // main waits until the thread has returned
  return;
  // shown end
}

Findings run_exit_before_threads() {
  constexpr int tries = 5;  // a busy machine may delay the child's main thread until all is printed
  ChildRun broken;
  for (int i = 0; i < tries; ++i) {
    broken = run_in_child(main_that_leaves, child_limit_s);
    if (lines_in(broken.output) < printed_lines) break;
  }
  const ChildRun mended = run_in_child(main_that_joins, child_limit_s);
  const auto finding = [](const ChildRun& run, const char* shown, const char* way, bool all_wanted) {
    const int printed = lines_in(run.output), lost = printed_lines - printed;
    const auto seen = fmt::format("{} of {} lines were printed, {} lost; exit code {} after {}", printed, printed_lines,
                                  lost, run.exit_code, format_seconds(run.elapsed_s));
    const Json figures{{"lines", printed_lines}, {"lost", lost}, {"elapsed_s", run.elapsed_s}};
    return Finding{shown, way, run.succeeded() && (lost == 0) == all_wanted, seen, figures};
  };
  return {finding(broken, "exit-before-threads.broken", "", false),
          {finding(mended, "exit-before-threads.mended", "join()", true)}};
}

// --- unjoined-thread

void wait_and_report() {
  std::this_thread::sleep_for(30ms);
  write_line("the thread has done its work");
}

void drop_thread() {
  // shown: unjoined-thread.broken
  std::thread worker(wait_and_report);
  // an early return, an exception: the destructor of `worker` finds a thread that nobody joined
  // shown end
}

void drop_jthread() {
  // shown: unjoined-thread.mended
  std::jthread worker(wait_and_report);
  // its destructor joins
  // shown end
}

Findings run_unjoined_thread() {
  const auto finding = [](const ChildRun& run, const char* shown, const char* way, bool caught_or_right) {
    const std::string said = run.output.substr(0, run.output.find('\n'));
    const std::string end = run.timed_out ? "did not end"
                            : run.signal != 0
                                ? fmt::format("was ended by signal {}{}", run.signal,
                                              run.signal == SIGABRT ? " (SIGABRT, from std::terminate)" : "")
                                : fmt::format("left with exit code {}", run.exit_code);
    const Json figures{{"signal", run.signal}, {"exit_code", run.exit_code}};
    return Finding{shown, way, caught_or_right, fmt::format("the process {}; it said \"{}\"", end, said), figures};
  };
  const ChildRun broken = run_in_child(drop_thread, child_limit_s);
  const ChildRun mended = run_in_child(drop_jthread, child_limit_s);
  return {finding(broken, "unjoined-thread.broken", "", !broken.timed_out && broken.signal == SIGABRT),
          {finding(mended, "unjoined-thread.mended", "std::jthread",
                   mended.succeeded() && mended.output == "the thread has done its work\n")}};
}

// --- result-before-join

int sum_of_squares() {
  int sum = 0;
  for (int i = 1; i <= 5; ++i) sum += i * i;
  return sum;
}

int read_before_join() {
  // shown: result-before-join.broken
  std::atomic<int> result = 0;
  std::latch looked(1);  // makes sure of what is usual: main is faster than a thread that has only begun
  std::thread worker([&] {
    looked.wait();
    result = sum_of_squares();
  });
  const int seen = result;  // nothing says that the worker is done
  // shown end
  looked.count_down();
  worker.join();
  return seen;
}

int read_from_future() {
  // shown: result-before-join.mended
  std::future<int> result = std::async(std::launch::async, sum_of_squares);
  const int seen = result.get();  // waits for the worker, and throws what it threw
  // shown end
  return seen;
}

Findings run_result_before_join() {
  const int expected = sum_of_squares();
  const auto finding = [&](int seen, const char* shown, const char* way, bool right_wanted) {
    const auto text = fmt::format("1^2 + ... + 5^2 = {} was read; it is {}", seen, expected);
    const Json figures{{"read", seen}, {"right", expected}};
    return Finding{shown, way, (seen == expected) == right_wanted, text, figures};
  };
  return {finding(read_before_join(), "result-before-join.broken", "", false),
          {finding(read_from_future(), "result-before-join.mended", "future.get()", true)}};
}

}  // namespace

const Mistake exit_before_threads_mistake{
    .name = "exit-before-threads",
    .summary = "the program ends before its threads, and what they had to say is lost",
    .mistake =
        "main starts a thread, lets go of it and returns. The process ends with main, not with its last thread: "
        "what the thread had not yet printed or saved is lost, and the exit code is 0 all the same.",
    .rule = "Join every thread before main returns; do not detach what has work to finish.",
    .in_process = run_exit_before_threads};

const Mistake unjoined_thread_mistake{
    .name = "unjoined-thread",
    .summary = "a std::thread that is destroyed before it was joined ends the program",
    .mistake =
        "A std::thread leaves its scope while its thread may still run. Its destructor neither waits nor lets go: "
        "it calls std::terminate, and the whole program is gone.",
    .rule = "Use std::jthread, whose destructor joins, on every path out of the scope.",
    .in_process = run_unjoined_thread};

const Mistake result_before_join_mistake{
    .name = "result-before-join",
    .summary = "a result is read before the thread that computes it is done",
    .mistake =
        "The result of a thread is read as soon as the thread is started. An atomic makes that read safe, not right: "
        "it gives whatever is there at that moment.",
    .rule = "Wait for the thread, then read: future.get() does both, and brings the thread's exception with it.",
    .in_process = run_result_before_join};

}  // namespace concdemo
