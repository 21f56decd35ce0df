#pragma once
#include <map>
#include <memory>
#include <string>

namespace concdemo {

// A small HTTP server for demonstrations: GET and HEAD of fixed pages, on this machine's loopback alone, at a port that
// the system chooses. One thread serves hundreds of connections at once; it takes no signals.
class HttpServer {
 public:
  struct Page {
    std::string type;  // e.g. "application/json"
    std::string body;
  };

  static bool available();  // whether it was built in (libmicrohttpd)

  // Pages by path ("/lahore"); any other path is answered 404. Every answer begins latency_s after its request. Throws
  // system Error where the server cannot start, usage Error where it was not built in.
  HttpServer(std::map<std::string, Page> pages, double latency_s);
  ~HttpServer();  // answers that still wait are dropped
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path) const;  // http://127.0.0.1:PORT/path
  double cpu_s() const;                            // CPU seconds that its thread has used

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace concdemo
