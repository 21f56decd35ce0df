#include <chrono>
#include <system_error>
#include <thread>

#include "base/clock.hpp"
#include "lessons/mistake.hpp"
#include "lessons/mistake_child.hpp"
#include "lessons/mistake_sources.hpp"
#include "lessons/mistake_tools.hpp"
#include "support/catch.hpp"

#include <unistd.h>

#include <csignal>

using namespace concdemo;

// The lessons that start threads in a child process are in tests/cli/mistakes_test.py: ThreadSanitizer ends such a
// child.
TEST_CASE("a lesson within this process catches the broken one, and the mended ones are right") {
  for (const char* name : {"cpu-under-one-lock", "race", "result-before-join", "false-sharing", "unordered-sum",
                           "queue-without-condition", "no-limit"}) {
    const Mistake& mistake = find_mistake(name);
    const RunMistake run{&mistake, mistake.in_process()};
    INFO(verdict({run}).text);
    CHECK(!verdict({run}).failed());
    CHECK(!run.findings.broken.seen.empty());
    CHECK(!shown_lines(run.findings.broken.shown).text.empty());
    for (const Finding& mended : run.findings.mended) CHECK(!shown_lines(mended.shown).text.empty());
  }
}

TEST_CASE("what a lesson counts is what its verdict is about") {
  const Findings race = find_mistake("race").in_process();
  CHECK(race.broken.figures["lost"].get<long>() > 0);
  CHECK(race.mended.size() == 3);
  for (const Finding& mended : race.mended) CHECK(mended.figures["lost"] == 0);
  const Findings limit = find_mistake("no-limit").in_process();
  CHECK(limit.broken.figures["most_at_once"].get<int>() > 3);
  CHECK(limit.mended.at(0).figures["most_at_once"].get<int>() <= 3);
  const Findings read = find_mistake("result-before-join").in_process();
  CHECK(read.broken.figures["read"] == 0);
  CHECK(read.mended.at(0).figures["read"] == 55);
}

TEST_CASE("threads begin together and each does its work once") {
  std::atomic<int> there = 0;
  std::vector<int> done(4);
  const double start = now_s();
  const double elapsed_s = run_on_threads(4, [&](int thread) {
    ++there;
    while (there < 4) std::this_thread::yield();  // ends only when all four are there at once
    ++done[static_cast<std::size_t>(thread)];
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  });
  CHECK(done == std::vector<int>{1, 1, 1, 1});
  CHECK(elapsed_s >= 0.002);
  CHECK(elapsed_s <= now_s() - start);
}

TEST_CASE("a gauge keeps the most that were ever inside") {
  Gauge gauge;
  CHECK(gauge.most() == 0);
  gauge.enter();
  gauge.enter();
  gauge.leave();
  gauge.enter();
  CHECK(gauge.most() == 2);
  gauge.leave();
  gauge.leave();
  CHECK(gauge.most() == 2);
}

TEST_CASE("a child's lines, exit code, signal and time-out are seen") {
  const ChildRun good = run_in_child(
      [] {
        write_line("one");
        write_line("two");
      },
      5);
  CHECK(good.succeeded());
  CHECK(good.output == "one\ntwo\n");
  const ChildRun thrown = run_in_child([] { throw std::runtime_error("no"); }, 5);
  CHECK(!thrown.succeeded());
  CHECK(thrown.exit_code == 1);
  CHECK(thrown.output == "no\n");
  const ChildRun killed = run_in_child(
      [] {
        kill(getpid(), SIGTERM);
        pause();
      },
      5);
  CHECK(!killed.succeeded());
  CHECK(!killed.timed_out);
  CHECK(killed.signal == SIGTERM);
  const ChildRun late = run_in_child(
      [] {
        write_line("waits");
        pause();
      },
      0.1);
  CHECK(late.timed_out);
  CHECK(!late.succeeded());
  CHECK(late.output == "waits\n");
  // One that closes its output and goes on is not waited for either.
  const ChildRun silent = run_in_child(
      [] {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        pause();
      },
      0.1);
  CHECK(silent.timed_out);
  const ChildRun much = run_in_child(
      [] {
        for (int i = 0; i < 2000; ++i) write_line(std::string(99, 'x'));
      },
      20);
  CHECK(much.output.size() == 200'000);
}
