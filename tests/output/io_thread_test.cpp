#include "output/io_thread.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

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
