#pragma once
#include <curl/curl.h>

#include <array>
#include <memory>

#include "system/http_download.hpp"
#include "system/http_headers.hpp"

// What the files around libcurl share, and nobody else includes.
namespace concdemo::http {

void start_libcurl();  // once in a process, whichever thread comes first

struct Download::Handle {
  Handle(const std::string& url, const Limits& its_limits, Sink its_sink);

  void set_url(const std::string& url);
  void begin();                   // before each attempt
  Attempt finish(CURLcode code);  // what libcurl's answer means

  Limits limits;
  Sink sink;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::uint64_t bytes = 0;
  std::uint64_t expected = 0;
  bool dropped = false;  // the rest of a body that nobody wants
  bool too_large = false;
  HeaderLines headers;
  std::string header_error;
  std::string sink_error;
  const std::unique_ptr<CURL, void (*)(CURL*)> owner;  // last: it may call back when it goes
  CURL* const easy = owner.get();
};

}  // namespace concdemo::http
