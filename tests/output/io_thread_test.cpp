#include "output/io_thread.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "format/commit_entry.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("an I/O thread does its work in order, what is urgent first, and never holds more than its ring") {
  for (const bool async : {true, false}) {
    WriterOptions options;
    options.async = async;
    options.ring_depth = 2;
    std::string order;  // by jobs alone, one at a time
    std::atomic<int> open = 0;
    {
      IoThread thread(options);
      std::atomic<bool> go = !async, begun = false;
      thread.put([&] {
        begun = true;
        while (!go) std::this_thread::yield();
        order += 'a';
      });
      while (!begun) std::this_thread::yield();
      for (int i = 0; i < 3; ++i) thread.put_urgent([&, i] { order += static_cast<char>('0' + i); });
      go = true;
      for (char name = 'b'; name <= 'z'; ++name) {
        ++open;
        thread.put([&, name] {
          order += name;
          --open;
        });
        CHECK(open <= 2);
      }
      thread.wait_until_left(1);
      CHECK(open <= 1);
      thread.wait_until_left(0);
      CHECK(thread.jobs_left() == 0);
      CHECK(open == 0);
      CHECK(order == "a012bcdefghijklmnopqrstuvwxyz");
      thread.put([] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
      thread.wait_until_left(0);
      const double busy_s = thread.busy_s();
      CHECK(busy_s >= 0.002);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      CHECK(thread.busy_s() == busy_s);  // without work it is not busy
    }
    IoThread(options).put_urgent([] {});  // left undone or not, it ends
  }
}

TEST_CASE("a commit entry is sound at its own place, whole, and nothing else is one") {
  const CommitEntry entry{CommitKind::snapshot, 7, 0.25, 0x1234567890abcdef, 42, {1.5, -0.0, 1e300}};
  const auto sector = to_sector(entry, 7);
  const auto back = from_sector(sector, 7);
  REQUIRE(back.has_value());
  CHECK(back->kind == CommitKind::snapshot);
  CHECK(back->number == 7);
  CHECK(back->time == 0.25);
  CHECK(back->checksum == entry.checksum);
  CHECK(back->binding == 42);
  CHECK(back->scalars == entry.scalars);
  CHECK_FALSE(from_sector(sector, 8).has_value());
  CHECK_FALSE(from_sector(Sector{}, 0).has_value());
  CHECK(is_blank(Sector{}));
  CHECK_FALSE(is_blank(sector));
  int found = 0;
  for (std::size_t bit = 0; bit < commit_bytes * 8; ++bit) {
    auto damaged = sector;
    damaged[bit / 64] ^= std::uint64_t{1} << (bit % 64);
    found += !from_sector(damaged, 7).has_value();
  }
  CHECK(found == commit_bytes * 8);
  CommitEntry full;
  full.scalars.resize(max_scalars, 3.0);
  CHECK(from_sector(to_sector(full, 0), 0)->scalars == full.scalars);
}
