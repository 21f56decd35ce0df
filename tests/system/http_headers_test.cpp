#include "system/http_headers.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include "support/catch.hpp"

using concdemo::http::HeaderLines;

namespace {

// What it says to these lines, after a status line.
std::string said(std::initializer_list<const char*> lines) {
  HeaderLines headers;
  std::string refusal = headers.take("HTTP/1.1 200 OK\r\n");
  for (const char* line : lines) {
    if (refusal.empty()) refusal = headers.take(line);
  }
  if (!refusal.empty()) return refusal;
  return headers.length() ? std::to_string(*headers.length()) : "unknown";
}

}  // namespace

TEST_CASE("a Content-Length is one number of bytes") {
  CHECK(said({"Server: x\r\n"}) == "unknown");
  CHECK(said({"content-LENGTH:5\r\n", "Content-Length: \t5 \r\n", "Content-Length: 5, 5\r\n"}) == "5");
  CHECK(said({"Content-Length: 9223372036854775807\n"}) == "9223372036854775807");
  CHECK(said({"Content-Length: 5\r\n", "Content-Length: 7\r\n"}) == "it says two Content-Lengths, 5 and 7");
  CHECK(said({"Content-Length: 5,7\r\n"}) == "it says two Content-Lengths, 5 and 7");
  for (const char* value :
       {"-5", "+5", "12abc", "9e99", "0x10", "5 5", "5,", "9223372036854775808", "18446744073709551616"}) {
    const std::string line = "Content-Length: " + std::string(value) + "\r\n";
    CHECK(said({line.c_str()}) == "its Content-Length '" + std::string(value) + "' is no number of bytes");
  }
  CHECK(said({"Content-Length:\r\n"}) == "its Content-Length '' is no number of bytes");
  CHECK(said({"Content-Length: \x1b[2J\r\n"}) == "its Content-Length '\\x1b[2J' is no number of bytes");
  CHECK(said({"Content-Length: 5\r\n", "\r\n", "Content-Length: 7\r\n"}) == "5");  // a trailer says nothing of it
  CHECK(said({"Content-Length: 5\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 7\r\n"}) == "7");
}

TEST_CASE("chunks are the last coding") {
  for (const auto& [line, expected] : {std::pair{"transfer-encoding: Chunked\r\n", true},
                                       {"Transfer-Encoding: gzip, chunked\r\n", true},
                                       {"Transfer-Encoding: gzip\r\n", false},
                                       {"Transfer-Encoding:\r\n", false},
                                       {"TE: chunked\r\n", false}}) {
    HeaderLines headers;
    CHECK(headers.take("HTTP/1.1 200 OK\r\n").empty());
    CHECK(headers.take(line).empty());
    CHECK(headers.is_chunked() == expected);
  }
}

TEST_CASE("headers and trailers of all answers have room for so many bytes") {
  for (const bool trailers : {false, true}) {
    HeaderLines headers;
    CHECK(headers.take("HTTP/1.1 200 OK\r\n").empty());
    CHECK(headers.take("Transfer-Encoding: chunked\r\n").empty());
    if (trailers) CHECK(headers.take("\r\n").empty());
    const std::string line = "X: " + std::string(1019, 'x') + "\r\n";
    std::size_t lines = 0;
    while (headers.take(line).empty()) ++lines;
    CHECK(lines == HeaderLines::most_bytes / line.size() - 1);
    CHECK(headers.is_chunked());
  }
}
