#include "system/http.hpp"

#include <thread>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "system/http_download.hpp"
#include "system/http_server.hpp"

using namespace concdemo;

namespace {

bool can_serve() {
  if (http::available() && HttpServer::available()) return true;
  WARN("SKIPPED: built without libcurl or libmicrohttpd");
  return false;
}

}  // namespace

TEST_CASE("answers of one thread, of several, and of an event loop") {
  if (!can_serve()) return;
  const HttpServer server(
      {{"/a", {"text/plain", "alpha"}}, {"/b", {"text/plain", "beta"}}, {"/empty", {"text/plain", ""}}}, 0);
  for (int again = 0; again < 2; ++again) {
    const http::Answer a = http::get(server.url("/a"));
    CHECK(a.status == 200);
    CHECK(a.body == "alpha");
    CHECK(a.error.empty());
    CHECK(http::get(server.url("/empty")).error.empty());
    const http::Answer missing = http::get(server.url("/missing"));
    CHECK(missing.status == 404);
    CHECK(missing.error == "HTTP 404");
    CHECK(missing.body.empty());
  }

  std::string from_thread;
  std::thread([&] { from_thread = http::get(server.url("/b")).body; }).join();
  CHECK(from_thread == "beta");

  std::vector<std::string> urls;
  for (int i = 0; i < 30; ++i) urls.push_back(server.url(i % 3 == 0 ? "/a" : i % 3 == 1 ? "/b" : "/missing"));
  for (const int parallel : {1, 7, 100}) {
    const auto answers = http::get_all(urls, parallel);
    REQUIRE(answers.size() == urls.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      CHECK(answers[i].body == (i % 3 == 0 ? "alpha" : i % 3 == 1 ? "beta" : ""));
      CHECK(answers[i].status == (i % 3 == 2 ? 404 : 200));
    }
  }
  CHECK(http::get_all({}, 3).empty());
}

TEST_CASE("failures are in the answer") {
  if (!http::available()) return;
  CHECK(http::get("http://127.0.0.1:1/").error.find("127.0.0.1") != std::string::npos);
  CHECK(!http::get("file:///etc/passwd").error.empty());
  CHECK(!http::get("nonsense:/").error.empty());
  const auto answers = http::get_all({"http://127.0.0.1:1/", "ftp://127.0.0.1/"}, 2);
  CHECK(!answers[0].error.empty());
  CHECK(!answers[1].error.empty());
}

TEST_CASE("a sink that refuses or throws ends its download") {
  if (!can_serve()) return;
  const HttpServer server({{"/a", {"text/plain", std::string(100000, 'x')}}}, 0);
  http::Download refusing(server.url("/a"), {}, [](auto) { return std::string("no room"); });
  CHECK(refusing.perform().trouble == http::Trouble::sink);
  CHECK(refusing.perform().error == "no room");
  http::Download throwing(server.url("/a"), {}, [](auto) -> std::string { throw usage_error("thrown"); });
  CHECK(throwing.perform().error == "thrown");
  http::Limits limits;
  limits.max_bytes = 99999;
  std::uint64_t got = 0;
  http::Download large(server.url("/a"), limits, [&](auto bytes) {
    got += bytes.size();
    return std::string();
  });
  CHECK(large.perform().error == "larger than the limit of 99999 bytes");
  CHECK(got == 0);
}

TEST_CASE("URLs are checked and taken apart") {
  if (!http::available()) return;
  const auto url = http::parse_url("HTTP://name:secret@Example.org:80/a/./b%20c?q=1#part");
  CHECK(url.text == "http://example.org/a/b%20c?q=1");
  CHECK(url.path == "/a/b%20c");
  CHECK(http::parse_url("https://example.org").path == "/");
  for (const char* bad :
       {"", "example.org/a", "ftp://example.org/a", "file:///etc/passwd", "http://", "http://a b/", "http://a/\n"}) {
    CHECK_THROWS_AS(http::parse_url(bad), Error);
  }
}
