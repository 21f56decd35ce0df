#include "system/http_server.hpp"

#include "base/error.hpp"

#ifdef CONCDEMO_HAVE_MICROHTTPD
#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "system/files.hpp"
#include "system/signals.hpp"

namespace concdemo {
namespace {

struct Waiting {
  MHD_Connection* connection;
  double due_s;
};

// Where a request stands; its address is kept with the connection.
char headers_seen;
char has_waited;

MHD_Response* make_response(const std::string& type, std::string_view body) {
  // Not copied: the page outlives the daemon. MHD promises not to write to it.
  MHD_Response* response =
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_PERSISTENT);
  if (response == nullptr || MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type.c_str()) != MHD_YES) {
    throw system_error("the loopback HTTP server has no memory for its pages");
  }
  return response;
}

}  // namespace

// The daemon is driven by our one thread, which also knows when the next answer is due: all answers wait equally long,
// so that the one that came first is due first.
struct HttpServer::Server {
  Server(std::map<std::string, Page> served, double latency) : pages(std::move(served)), latency_s(latency) {}

  ~Server() {
    stop.store(true);
    wake();
    if (thread.joinable()) thread.join();
    for (const Waiting& one : waiting) MHD_resume_connection(one.connection);
    if (daemon != nullptr) MHD_stop_daemon(daemon);
    for (const auto& [path, response] : responses) MHD_destroy_response(response);
    MHD_destroy_response(missing);
    MHD_destroy_response(not_allowed);
  }

  void start() {
    for (const auto& [path, page] : pages) responses[path] = make_response(page.type, page.body);
    missing = make_response("text/plain", "no such page\n");
    not_allowed = make_response("text/plain", "GET and HEAD only\n");
    wake_file = files::Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, &Server::answer, this,
                              MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address), MHD_OPTION_CONNECTION_LIMIT,
                              4096U, MHD_OPTION_END);
    if (daemon == nullptr || !wake_file.valid()) {
      throw system_error("cannot start an HTTP server on 127.0.0.1: " + files::error_text(errno));
    }
    port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    const SignalsBlocked blocked;
    thread = std::thread([this] { serve(); });
  }

  void wake() const {
    const std::uint64_t one = 1;
    while (write(wake_file.get(), &one, sizeof one) < 0 && errno == EINTR) {}
  }

  void serve() {
    const int events = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (!stop.load()) {
      std::array<pollfd, 2> files{{{events, POLLIN, 0}, {wake_file.get(), POLLIN, 0}}};
      const timespec timeout = time_left();
      ppoll(files.data(), files.size(), &timeout, nullptr);
      for (; !waiting.empty() && waiting.front().due_s <= now_s(); waiting.pop_front()) {
        MHD_resume_connection(waiting.front().connection);
      }
      MHD_run(daemon);
    }
  }

  timespec time_left() const {
    double left_s = 3600;
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (MHD_get_timeout(daemon, &ms) == MHD_YES) left_s = static_cast<double>(ms) / 1e3;
    if (!waiting.empty()) left_s = std::clamp(waiting.front().due_s - now_s(), 0.0, left_s);
    return {static_cast<time_t>(left_s), static_cast<long>(std::fmod(left_s, 1.0) * 1e9)};
  }

  // MHD calls it when the headers are in, for each part of a body, when the request is whole, and after the wait.
  static MHD_Result answer(void* closure, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, std::size_t* upload_bytes, void** state) {
    auto& server = *static_cast<Server*>(closure);
    if (*state == nullptr) {
      *state = &headers_seen;
      return MHD_YES;
    }
    // A body is read and dropped.
    if (std::exchange(*upload_bytes, 0) > 0) return MHD_YES;
    if (*state == &headers_seen && server.latency_s > 0) {
      *state = &has_waited;
      MHD_suspend_connection(connection);
      server.waiting.push_back({connection, now_s() + server.latency_s});
      return MHD_YES;
    }
    const std::string_view name = method;
    if (name != "GET" && name != "HEAD") {
      return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, server.not_allowed);
    }
    const auto found = server.responses.find(url);
    if (found == server.responses.end()) return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, server.missing);
    return MHD_queue_response(connection, MHD_HTTP_OK, found->second);
  }

  const std::map<std::string, Page> pages;
  const double latency_s;
  std::map<std::string, MHD_Response*> responses;
  MHD_Response* missing = nullptr;
  MHD_Response* not_allowed = nullptr;
  files::Descriptor wake_file;
  MHD_Daemon* daemon = nullptr;
  int port = 0;
  std::atomic<bool> stop = false;
  std::deque<Waiting> waiting;  // of the thread alone, while it runs
  std::thread thread;
};

bool HttpServer::available() { return true; }

HttpServer::HttpServer(std::map<std::string, Page> pages, double latency_s)
    : server_(std::make_unique<Server>(std::move(pages), latency_s)) {
  server_->start();
}

std::string HttpServer::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", server_->port, path);
}

double HttpServer::cpu_s() const {
  clockid_t clock{};
  timespec used{};
  if (pthread_getcpuclockid(server_->thread.native_handle(), &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

HttpServer::~HttpServer() = default;

}  // namespace concdemo

#else

namespace concdemo {

struct HttpServer::Server {};
bool HttpServer::available() { return false; }
HttpServer::HttpServer(std::map<std::string, Page>, double) {
  throw usage_error("no HTTP server: concdemo was built without libmicrohttpd; install it and configure again");
}
std::string HttpServer::url(const std::string&) const { return ""; }
double HttpServer::cpu_s() const { return 0; }
HttpServer::~HttpServer() = default;

}  // namespace concdemo

#endif
