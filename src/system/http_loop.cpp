#ifdef CONCDEMO_HAVE_CURL
#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "system/http_handle.hpp"

namespace concdemo::http {

struct EventLoop::Multi {
  CURLM* handle = nullptr;
};

namespace {

constexpr long most_connections = 256;  // used and kept for later; libcurl would keep four times as many as are used

void check(CURLMcode code, const char* what) {
  if (code != CURLM_OK) throw system_error(std::string("libcurl: ") + what + ": " + curl_multi_strerror(code));
}

}  // namespace

EventLoop::EventLoop() : multi_(std::make_unique<Multi>()) {
  start_libcurl();
  multi_->handle = curl_multi_init();
  if (multi_->handle == nullptr) throw system_error("libcurl: curl_multi_init failed; is memory short?");
  check(curl_multi_setopt(multi_->handle, CURLMOPT_MAXCONNECTS, most_connections), "curl_multi_setopt");
}

EventLoop::~EventLoop() { curl_multi_cleanup(multi_->handle); }

void EventLoop::start(Download& download) {
  download.handle_->begin();
  check(curl_multi_add_handle(multi_->handle, download.handle_->easy), "curl_multi_add_handle");
}

std::vector<EventLoop::Finished> EventLoop::wait(double timeout_s) {
  std::vector<Finished> finished;
  for (const double end_s = now_s() + timeout_s;;) {
    int running = 0;
    check(curl_multi_perform(multi_->handle, &running), "curl_multi_perform");
    for (int left = 0; const CURLMsg* message = curl_multi_info_read(multi_->handle, &left);) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;  // `message` goes with the handle
      void* owner = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
      check(curl_multi_remove_handle(multi_->handle, easy), "curl_multi_remove_handle");
      auto* const download = static_cast<Download*>(owner);
      finished.push_back({download, download->handle_->finish(code)});
    }
    const double left_s = end_s - now_s();
    if (!finished.empty() || left_s <= 0) return finished;
    const int wait_ms = static_cast<int>(std::min(left_s, 1.0) * 1000) + 1;
    check(curl_multi_poll(multi_->handle, nullptr, 0, wait_ms, nullptr), "curl_multi_poll");
  }
}

}  // namespace concdemo::http
#endif
