#include "fetch/ways.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>

#include "fetch/display.hpp"
#include "fetch/fetch.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"
#include "system/http.hpp"
#include "system/http_server.hpp"

using namespace concdemo;
using namespace concdemo::fetch;

TEST_CASE("both ways fetch everything, report each file once, and stop when asked to") {
  if (!http::available() || !HttpServer::available()) {
    WARN("SKIPPED: built without libcurl or libmicrohttpd");
    return;
  }
  std::map<std::string, HttpServer::Page> pages;
  for (int i = 0; i < 40; ++i) {
    pages[fmt::format("/{}", i)] = {"text/plain", std::string(static_cast<std::size_t>(i) * 1000, 'x')};
  }
  const HttpServer server(pages, 0.002);
  for (const bool threads : {false, true}) {
    for (const bool stopped : {false, true}) {
      const test::Folder folder;
      std::vector<Wish> wishes;
      for (int i = 0; i < 41; ++i) {
        wishes.push_back({"", server.url(fmt::format("/{}", i)), "", ""});  // the last is missing
      }
      wishes.push_back({"", "http://127.0.0.1:1/refused", "", ""});
      const auto items = make_plan(wishes);
      Settings settings;
      settings.folder = folder.path;
      settings.retry = {1, 0.01, 0.01, 1};
      settings.progress = true;
      std::mutex mutex;
      std::vector<Event> finished;
      const Report report = [&](const Event& event) {
        const std::scoped_lock lock(mutex);
        if (event.kind == Kind::finished) finished.push_back(event);
      };
      Unfinished unfinished;
      std::deque<Transfer> transfers;
      std::vector<Transfer*> open;
      for (std::uint32_t i = 0; i < items.size(); ++i) {
        open.push_back(&transfers.emplace_back(items[i], i, settings, unfinished, report));
        CHECK_FALSE(open.back()->is_settled());
      }
      std::stop_source source;
      std::jthread stopper([&] {
        if (stopped) source.request_stop();
      });
      (threads ? fetch_by_threads : fetch_by_event_loop)(open, folder.path, 7, source.get_token());
      if (stopped) {
        CHECK(finished.size() <= items.size());
        continue;
      }
      REQUIRE(finished.size() == items.size());
      std::vector<int> times(items.size());
      for (const Event& event : finished) {
        ++times[event.item];
        CHECK((event.result == Result::fetched) == (event.item < 40));
        if (event.item < 40) CHECK(folder.read(items[event.item].name).size() == event.item * 1000);
        if (event.item == 40) CHECK(event.status == 404);
        CHECK(event.attempts == (event.item == 41 ? 2 : 1));
      }
      CHECK(times == std::vector<int>(items.size(), 1));
    }
  }
}

TEST_CASE("a server that refuses everything does not leave every file open until the next attempts") {
  if (!http::available()) {
    WARN("SKIPPED: built without libcurl");
    return;
  }
  constexpr std::size_t count = 600;
  const test::Folder folder;
  std::vector<Wish> wishes;
  for (std::size_t i = 0; i < count; ++i) wishes.push_back({"", fmt::format("http://127.0.0.1:1/{}", i), "", ""});
  const auto items = make_plan(wishes);
  Settings settings;
  settings.folder = folder.path;
  settings.retry = {1, 1, 1, 1};  // longer than 256 refusals take
  std::size_t open = 0;
  std::size_t most_open = 0;
  std::size_t finished = 0;
  const Report report = [&](const Event& event) {
    if (event.kind == Kind::started && event.attempts == 1) most_open = std::max(most_open, ++open);
    if (event.kind == Kind::finished) --open, ++finished;
  };
  Unfinished unfinished;
  std::deque<Transfer> transfers;
  std::vector<Transfer*> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back(&transfers.emplace_back(items[i], i, settings, unfinished, report));
  }
  constexpr int parallel = 7;
  fetch_by_event_loop(all, folder.path, parallel, {});
  CHECK(finished == count);
  CHECK(most_open <= most_waiting + parallel);
  CHECK(most_open >= most_waiting);  // those that wait hold no place
}

TEST_CASE("shares: no more at a time than asked for, and everyone who takes part has a place") {
  for (const std::size_t items : {1, 2, 5, 1000}) {
    for (const int parallel : {1, 3, 16, 256}) {
      for (const int size : {1, 2, 3, 4, 1024}) {
        int together = 0;
        const int ranks = assignment_of(items, parallel, 0, size).ranks;
        CHECK(ranks >= 1);
        for (int rank = 0; rank < size; ++rank) {
          const Assignment assignment = assignment_of(items, parallel, rank, size);
          CHECK(assignment.ranks == ranks);
          CHECK((assignment.parallel > 0) == (rank < ranks));
          together += assignment.parallel;
        }
        CHECK(together == parallel);
      }
    }
  }
}

TEST_CASE("bars, and reasons that are safe to print") {
  CHECK(bar(0, 10, 12) == "[----------]");
  CHECK(bar(5, 10, 12) == "[#####-----]");
  CHECK(bar(10, 10, 12) == "[##########]");
  CHECK(bar(20, 10, 12) == "[##########]");
  CHECK(bar(5, 0, 12) == "[..........]");
  CHECK(bar(5, 10, 0) == "[]");
  Event event;
  event.set_reason("a\x1b[31m\nb");
  CHECK(std::string(event.reason.data()) == "a\\x1b[31m\\nb");
  event.set_reason(std::string(1000, 'x'));
  CHECK(std::string(event.reason.data()) == std::string(399, 'x'));
}
