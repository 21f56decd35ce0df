#include "system/http.hpp"

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "system/http_download.hpp"

namespace concdemo::http {
namespace {

// A download into memory, again and again.
class Request {
 public:
  Download& to(const std::string& url) {
    if (download_) {
      download_->set_url(url);
      return *download_;
    }
    Limits limits;
    limits.max_bytes = 16 << 20;
    return download_.emplace(url, limits, [this](std::span<const std::byte> bytes) {
      body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return std::string();
    });
  }
  Answer answer(const Attempt& attempt) {
    auto body = std::exchange(body_, {});
    if (!attempt.error.empty()) body.clear();
    return {attempt.status, std::move(body), attempt.error};
  }

 private:
  std::string body_;
  std::optional<Download> download_;
};

}  // namespace

Answer get(const std::string& url) {
  thread_local Request request;
  Answer answer;
  const Failure failure = attempt([&] { answer = request.answer(request.to(url).perform()); });
  if (failure.failed()) answer.error = failure.text;
  return answer;
}

std::vector<Answer> get_all(const std::vector<std::string>& urls, int parallel) {
  std::vector<Answer> answers(urls.size());
  std::size_t next = 0;
  const Failure failure = attempt([&] {
    struct Slot {
      Request* request;
      std::size_t index;  // of its URL
    };
    std::deque<Request> requests;  // the loop keeps their addresses
    EventLoop loop;                // goes before them
    std::map<const Download*, Slot> running;
    const auto start_next = [&](Request& request) {
      Download& download = request.to(urls[next]);
      running[&download] = {&request, next++};
      loop.start(download);
    };
    while (next < urls.size() && running.size() < static_cast<std::size_t>(parallel)) {
      start_next(requests.emplace_back());
    }
    while (!running.empty()) {
      for (const auto& [download, result] : loop.wait(1)) {
        const auto [request, index] = running.extract(download).mapped();
        answers[index] = request->answer(result);
        if (next < urls.size()) start_next(*request);
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
