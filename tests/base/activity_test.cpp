#include "base/activity.hpp"

#include <thread>

#include "support/catch.hpp"

using namespace concdemo;
using activity::State;

TEST_CASE("a watched thread's phases, waits and beats stand in its slot; an unwatched one leaves no trace") {
  activity::at("nobody looks");
  activity::beat();
  CHECK_FALSE(activity::is_watched());
  activity::Slot main_slot{}, io_slot{};
  activity::watch(&main_slot, &io_slot);
  CHECK(main_slot.state == State::idle);
  activity::at("a long phase");
  activity::at("short");
  CHECK(activity::text_of(main_slot) == "short");
  CHECK(main_slot.state == State::working);
  const auto beats = main_slot.beats.load();
  {
    const activity::Waiting for_io(State::waits_for_io);
    {
      const activity::Waiting for_ranks(State::waits_for_ranks);
      CHECK(main_slot.state == State::waits_for_ranks);
    }
    CHECK(main_slot.state == State::waits_for_io);
  }
  CHECK(main_slot.state == State::working);
  CHECK(main_slot.beats > beats);
  const std::string longest(8 * main_slot.text.size(), 'x');
  activity::at(longest + "cut");
  CHECK(activity::text_of(main_slot) == longest);
  std::thread([] {
    activity::at("no I/O thread");
    activity::report_as_io_thread();
    activity::at("fdatasync");
  }).join();
  CHECK(activity::text_of(io_slot) == "fdatasync");
  CHECK(activity::text_of(main_slot) == longest);
  activity::rest();
  CHECK(main_slot.state == State::idle);
  activity::watch(nullptr, nullptr);
  activity::at("nobody looks");
  CHECK(activity::text_of(main_slot) == longest);
}
