#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

// One GET whose body is streamed away, and an event loop for many of them: libcurl's easy and multi interfaces.
// http and https only, redirects too (5 at most, from https to https only); certificates are always verified; no
// credentials go to another host. Sizes in bytes.
namespace concdemo::http {

struct Limits {
  int timeout_s = 30;  // for connecting; and without progress, which is 100 B/s
  std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
  std::string ca_file;  // PEM, as curl's --cacert; empty: the system's
};

enum class Trouble {
  none,        // a 200 whose whole body went to the sink
  status,      // another status
  timeout,     // connecting or no progress
  connection,  // refused, lost, cut off, or no such host
  sink,        // the sink said why
  other,       // too large, certificate, forbidden redirect, ...
};

struct Attempt {
  Trouble trouble = Trouble::none;
  std::string error;         // empty without trouble
  long status = 0;           // of the last answer; 0 without one
  double retry_after_s = 0;  // what the server asked for; 0 without
};

// Takes the next bytes of the body; returns why it cannot, or nothing. Called by the thread that performs the transfer.
using Sink = std::function<std::string(std::span<const std::byte>)>;

// A URL and where its body goes; may be performed again and again. Any thread, one at a time.
class Download {
 public:
  Download(const std::string& url, const Limits& limits, Sink sink);  // usage Error when built without libcurl
  ~Download();
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  void set_url(const std::string& url);
  Attempt perform();               // blocking
  std::uint64_t expected() const;  // the body's size as announced, once the sink is called; 0: not announced

  struct Handle;

 private:
  friend class EventLoop;
  std::unique_ptr<Handle> handle_;
};

// Many downloads by the one thread that calls. Those started must outlive the loop or have finished.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void start(Download& download);
  struct Finished {
    Download* download = nullptr;
    Attempt attempt;
  };
  std::vector<Finished> wait(double timeout_s);  // those that have finished: at least one, or none after that time

 private:
  struct Multi;
  std::unique_ptr<Multi> multi_;
};

}  // namespace concdemo::http
