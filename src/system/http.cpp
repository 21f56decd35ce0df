#include "system/http.hpp"

#include <deque>
#include <memory>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "system/http_download.hpp"

namespace concdemo::http {
namespace {

Limits limits_in_memory() {
  Limits limits;
  limits.max_bytes = 16 << 20;
  return limits;
}

// A download into memory.
struct Request {
  explicit Request(const std::string& url)
      : download(url, limits_in_memory(), [this](std::span<const std::byte> bytes) {
          body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return std::string();
        }) {}
  Answer answer(const Attempt& attempt) {
    Answer result{attempt.status, {}, attempt.error};
    if (attempt.error.empty()) result.body.swap(body);
    body.clear();
    return result;
  }
  std::string body;
  Download download;
};

}  // namespace

Answer get(const std::string& url) {
  thread_local std::unique_ptr<Request> request;
  Answer answer;
  const Failure failure = attempt([&] {
    if (request) {
      request->download.set_url(url);
    } else {
      request = std::make_unique<Request>(url);
    }
    answer = request->answer(request->download.perform());
  });
  if (failure.failed()) answer.error = failure.text;
  return answer;
}

std::vector<Answer> get_all(const std::vector<std::string>& urls, int parallel) {
  std::vector<Answer> answers(urls.size());
  struct Slot {
    std::unique_ptr<Request> request;
    std::size_t index = 0;
  };
  std::size_t next = 0;
  const Failure failure = attempt([&] {
    std::deque<Slot> slots;  // deque: the loop keeps their addresses
    EventLoop loop;          // goes before the slots
    std::size_t running = 0;
    const auto start_next = [&](Slot& slot) {
      slot.index = next++;
      if (slot.request) {
        slot.request->download.set_url(urls[slot.index]);
      } else {
        slot.request = std::make_unique<Request>(urls[slot.index]);
      }
      loop.start(slot.request->download);
      ++running;
    };
    while (next < urls.size() && running < static_cast<std::size_t>(parallel)) start_next(slots.emplace_back());
    while (running > 0) {
      for (const auto& [download, result] : loop.wait(1)) {
        --running;
        for (Slot& slot : slots) {
          if (&slot.request->download != download) continue;
          answers[slot.index] = slot.request->answer(result);
          if (next < urls.size()) start_next(slot);
          break;
        }
      }
    }
  });
  if (!failure.failed()) return answers;
  for (Answer& answer : answers) {
    if (answer.status == 0 && answer.error.empty()) answer.error = failure.text;
  }
  return answers;
}

}  // namespace concdemo::http
