#ifndef CONCDEMO_HAVE_CURL
#include "base/error.hpp"
#include "system/http.hpp"
#include "system/http_download.hpp"

// A build without libcurl says so wherever the first thing of it is made.
namespace concdemo::http {
namespace {

Error missing() {
  return usage_error(
      "built without libcurl, so there are no HTTP requests; install libcurl and OpenSSL with their "
      "headers (libcurl4-openssl-dev) and build again");
}

}  // namespace

struct Download::Handle {};
struct EventLoop::Multi {};

bool available() { return false; }
Url parse_url(const std::string&) { throw missing(); }

Download::Download(const std::string&, const Limits&, Sink) { throw missing(); }
Download::~Download() = default;
void Download::set_url(const std::string&) {}
Attempt Download::perform() { return {}; }
std::uint64_t Download::expected() const { return 0; }

EventLoop::EventLoop() { throw missing(); }
EventLoop::~EventLoop() = default;
void EventLoop::start(Download&) {}
std::vector<EventLoop::Finished> EventLoop::wait(double) { return {}; }

}  // namespace concdemo::http
#endif
