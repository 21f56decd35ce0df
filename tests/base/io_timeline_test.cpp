#include "base/io_timeline.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "output/io_thread.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("a timeline keeps few entries of any number of blocks, which still tell all of them in order") {
  for (const std::uint64_t count : {1, 2, 64, 65, 1000, 4097}) {
    IoTimeline timeline;
    // Block i is handed over at second 10 i, written from 10 i + 1 to 10 i + 3 and durable at 10 i + 25, after the next
    // one was handed over: entries are joined while some of them are neither written nor durable.
    for (std::uint64_t i = 0; i < count + 3; ++i) {
      const double at = 10.0 * static_cast<double>(i);
      if (i < count) timeline.submit(at);
      if (i < count) timeline.wait(at, at + 1);
      if (i >= 1 && i <= count) timeline.write(at - 9, at - 7);
      if (i >= 3) timeline.commit(i - 2, at - 5);
      if (i >= 3) timeline.sync(at - 6, at - 5);
    }
    const auto shifted = timeline.since(-100);
    CHECK(timeline.submitted() == count);
    CHECK(timeline.blocks().size() <= IoTimeline::most);
    CHECK(timeline.waits().size() <= IoTimeline::most);
    CHECK(timeline.syncs().size() <= IoTimeline::most);
    CHECK((count < 65 || timeline.blocks().size() > IoTimeline::most / 4));
    std::uint64_t before = 0;
    double wait_s = 0, sync_s = 0;
    for (std::size_t i = 0; i < timeline.blocks().size(); ++i) {
      const auto& block = timeline.blocks()[i];
      const double first = 10.0 * static_cast<double>(before);
      before += block.count;
      const double last = 10.0 * static_cast<double>(before - 1);
      CHECK(block.submitted_s == first);
      CHECK(block.write_begin_s == first + 1);
      CHECK(block.write_end_s == last + 3);
      CHECK(block.write_s == 2.0 * static_cast<double>(block.count));
      CHECK(block.durable_s == last + 25);
      CHECK(shifted.blocks()[i].durable_s == last + 125);
      CHECK(shifted.blocks()[i].write_s == block.write_s);
    }
    CHECK(before == count);
    for (const auto& span : timeline.waits()) wait_s += span.busy_s;
    for (const auto& span : timeline.syncs()) sync_s += span.busy_s;
    CHECK(wait_s == static_cast<double>(count));
    CHECK(sync_s == static_cast<double>(count));
    CHECK(timeline.waits().front().begin_s == 0);
    CHECK(timeline.waits().back().end_s == 10.0 * static_cast<double>(count - 1) + 1);
  }
}

TEST_CASE("an I/O thread notes when each job was handed over and done, and what waited for it") {
  for (const bool async : {true, false}) {
    WriterOptions options;
    options.async = async;
    options.ring_depth = 1;
    IoThread thread(options);
    for (int i = 0; i < 5; ++i) thread.put([] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
    thread.put_urgent([] {});
    thread.wait_until_left(0);
    thread.drain();
    thread.note([](IoTimeline& known) { known.commit(5, now_s()); });
    const IoTimeline timeline = thread.timeline();
    REQUIRE(timeline.blocks().size() == 5);
    for (const auto& block : timeline.blocks()) {
      CHECK(block.submitted_s <= block.write_begin_s);
      CHECK(block.write_s >= 0.002);
      CHECK(block.write_end_s <= block.durable_s);
    }
    CHECK(timeline.waits().size() >= 4);
  }
}

TEST_CASE("syncs of two threads at once are not busy for longer than they last") {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> seconds(0.01, 1);
  IoTimeline timeline;
  double now = 5;
  for (int i = 0; i < 500; ++i) {  // in the order of their ends
    now += 0.5 * seconds(random);
    timeline.sync(now - seconds(random), now);
  }
  for (const auto& span : timeline.syncs()) {
    CHECK(span.busy_s <= (span.end_s - span.begin_s) * (1 + 1e-12));
    CHECK(span.busy_s > 0);
  }
  CHECK(timeline.syncs().front().begin_s >= 4);
  CHECK(timeline.syncs().back().end_s == now);
}
