#include "system/http_server.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/message.hpp"
#include "system/files.hpp"

using namespace concdemo;
using test::contains;

namespace {

files::Descriptor send_request(const HttpServer& server, const std::string& request) {
  const std::string url = server.url("");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  files::Descriptor client(socket(AF_INET, SOCK_STREAM, 0));
  REQUIRE(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
  return client;
}

std::string answer_to(const files::Descriptor& client) {
  std::string answer(4096, '\0');
  std::size_t got = 0;
  while (const ssize_t more = recv(client.get(), answer.data() + got, answer.size() - got, 0)) {
    REQUIRE(more > 0);
    got += static_cast<std::size_t>(more);
  }
  answer.resize(got);
  return answer;
}

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"; }

}  // namespace

TEST_CASE("pages are served with their type, others are missing, and nothing but reading is allowed") {
  if (!HttpServer::available()) {
    WARN("SKIPPED: built without libmicrohttpd");
    return;
  }
  const HttpServer server({{"/lahore", {"application/json", "{\"t\":31}"}}, {"/", {"text/plain", "root"}}}, 0);
  const std::string page = answer_to(send_request(server, get("/lahore")));
  CHECK(page.starts_with("HTTP/1.1 200"));
  CHECK(contains(page, "Content-Type: application/json"));
  CHECK(page.ends_with("{\"t\":31}"));
  CHECK(answer_to(send_request(server, get("/"))).ends_with("root"));
  CHECK(answer_to(send_request(server, get("/karachi"))).starts_with("HTTP/1.1 404"));
  CHECK(answer_to(send_request(server,
                               "POST /lahore HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"))
            .starts_with("HTTP/1.1 405"));
}

TEST_CASE("hundreds of requests wait at the same time, on connections that stay open") {
  if (!HttpServer::available()) return;
  const HttpServer server({{"/x", {"text/plain", "late"}}}, 0.02);
  std::vector<files::Descriptor> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(send_request(server, get("/x")));
  int right = 0;
  for (const auto& client : clients) right += answer_to(client).ends_with("late") ? 1 : 0;
  CHECK(right == 300);
  CHECK(server.cpu_s() > 0);
}

TEST_CASE("a server with waiting answers and vanished clients ends at once") {
  if (!HttpServer::available()) return;
  const HttpServer server({{"/x", {"text/plain", "never"}}}, 3600);
  const files::Descriptor waits = send_request(server, get("/x"));
  send_request(server, get("/x"));
  send_request(server, "GET /x HT");
}
