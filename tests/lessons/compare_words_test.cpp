#include "lessons/compare_words.hpp"

#include "support/catch.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace {

WayFigure figure(const std::string& way, int workers, double speed_up) {
  WayFigure made;
  made.way = way;
  made.workers = workers;
  made.speed_up = speed_up;
  made.seconds = 1 / speed_up;
  made.efficiency = speed_up / workers;
  return made;
}

KindFigures kind(TaskKind of, double threads, double lock, double ranks, double loop) {
  KindFigures made;
  made.tasks.kind = of;
  const int workers = of == TaskKind::cpu ? 2 : 8;
  made.ways = {figure("serial", 1, 1), figure("threads", workers, threads), figure("threads, one lock", workers, lock),
               figure("ranks", 2, ranks), figure("event loop", 1, loop)};
  return made;
}

std::string text_of(const std::vector<KindFigures>& kinds, int cores) {
  std::string text;
  for (const std::string& line : advice(kinds, cores)) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("computing on two cores: who won, what the lock and the loop did") {
  const std::string text = text_of({kind(TaskKind::cpu, 1.9, 0.97, 1.95, 1.01)}, 2);
  CHECK(contains(text, "ranks (1.95 x with 2 workers) and threads (1.90 x with 2 workers)"));
  CHECK(contains(text, "only one of 2 threads computes at a time: 0.97 x"));
  CHECK(contains(text, "in turn: 1.01 x"));
}

TEST_CASE("computing on one core: nothing could be gained, whatever noise says") {
  CHECK(contains(text_of({kind(TaskKind::cpu, 0.99, 0.97, 0.9, 1.0)}, 1), "one core, so nothing could be gained"));
  const std::string noisy = text_of({kind(TaskKind::cpu, 1.5, 0.97, 0.9, 1.0)}, 1);
  CHECK(contains(noisy, "nothing could be gained"));
  CHECK(contains(noisy, "noise"));
}

TEST_CASE("computing that gained nothing on two cores is not praised") {
  const std::string text = text_of({kind(TaskKind::cpu, 1.05, 0.97, 1.1, 1.0)}, 2);
  CHECK(contains(text, "no way gained anything"));
  CHECK(!contains(text, "fastest"));
}

TEST_CASE("a gain that computing cannot have is called noise") {
  CHECK(contains(text_of({kind(TaskKind::cpu, 1.9, 1.5, 1.95, 1)}, 2), "were 1.50 x is noise"));
  CHECK(contains(text_of({kind(TaskKind::cpu, 1.9, 1.5, 1.95, 1.3)}, 2), "one thread, was 1.30 x is noise"));
  CHECK(!contains(text_of({kind(TaskKind::cpu, 1.9, 1.1, 1.95, 1.1)}, 2), "noise"));
  CHECK(!contains(text_of({kind(TaskKind::http, 7.9, 7.8, 2, 23.5)}, 2), "noise"));
}

TEST_CASE("the lock is blamed only where it cost") {
  CHECK(contains(text_of({kind(TaskKind::http, 7.9, 7.8, 2, 23.5)}, 2), "little or nothing: 7.80 x with it, 7.90 x"));
  CHECK(!contains(text_of({kind(TaskKind::http, 7.9, 7.8, 2, 23.5)}, 2), "noise"));
  CHECK(contains(text_of({kind(TaskKind::http, 16.2, 28.3, 2, 30)}, 2), "16.2 x without (faster with it is noise"));
  CHECK(contains(text_of({kind(TaskKind::http, 7.9, 3.0, 2, 23.5)}, 2), "cost something: 3.00 x with it"));
  CHECK(!contains(text_of({kind(TaskKind::cpu, 1.9, 1.8, 1.95, 1)}, 2), "only one of"));
  CHECK(!contains(text_of({kind(TaskKind::cpu, 1.1, 1.1, 1.95, 1)}, 2), "only one of"));
  CHECK(!contains(text_of({kind(TaskKind::http, 1.0, 1.0, 1.0, 9)}, 2), "lock, released"));
}

TEST_CASE("more than the cores is said only of more than the cores") {
  CHECK(contains(text_of({kind(TaskKind::sleep, 8, 8, 2, 24)}, 2), "waiting needs no core"));
  CHECK(!contains(text_of({kind(TaskKind::file, 2.1, 2.1, 1.9, 1)}, 2), "waiting needs no core"));
  CHECK(contains(text_of({kind(TaskKind::file, 2.1, 2.1, 1.9, 1)}, 2), "writes the files in turn: 1.00 x"));
  CHECK(!contains(text_of({kind(TaskKind::file, 2.1, 2.1, 1.9, 3)}, 2), "in turn"));
}

TEST_CASE("the choice is the simplest of the fastest, never the lock, and serial where nothing gained") {
  const auto cpu = kind(TaskKind::cpu, 1.94, 0.97, 1.95, 1.0);
  const auto http = kind(TaskKind::http, 7.9, 7.8, 2, 23.5);
  const auto file = kind(TaskKind::file, 2.5, 2.52, 1.9, 1);
  CHECK(contains(text_of({cpu, http, file}, 2), "cpu: threads; http: event loop; file: threads."));
  CHECK(contains(text_of({cpu, kind(TaskKind::file, 1.1, 1.1, 1, 1)}, 1), "cpu: serial; file: serial."));
  CHECK(!contains(text_of({cpu}, 2), "Choose"));
  CHECK(advice({}, 2).empty());
}
