#include "fetch/demo.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"
#include "fetch/fetch.hpp"
#include "system/http.hpp"
#include "system/http_server.hpp"
#include "system/limits.hpp"
#include "system/sha256.hpp"
#include "system/temporary_folder.hpp"

namespace concdemo::fetch {
namespace {

constexpr double latency_s = 0.2;
constexpr std::size_t file_bytes = 200000;

// Made up, and always the same.
const std::vector<std::pair<std::string, std::string>> records{
    {"/lahore",
     R"({"city": "Lahore", "observed": "2024-05-14T12:00+05:00", "temperature_c": 38.5, "humidity_percent": 24})"},
    {"/karachi",
     R"({"city": "Karachi", "observed": "2024-05-14T12:00+05:00", "temperature_c": 34.0, "humidity_percent": 61})"},
    {"/islamabad",
     R"({"city": "Islamabad", "observed": "2024-05-14T12:00+05:00", "temperature_c": 33.2, "humidity_percent": 30})"},
};
const std::vector<std::string> files{"data1.bin", "data2.bin", "data3.bin", "data4.bin", "data5.bin"};

std::string content_of(std::size_t file) {
  std::string bytes(file_bytes, '\0');
  std::uint32_t state = static_cast<std::uint32_t>(file) + 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;  // any fixed bytes will do
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string sha256_of(const std::string& bytes) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(bytes)));
  return hash.finish();
}

std::unique_ptr<HttpServer> start_server() {
  std::map<std::string, HttpServer::Page> pages;
  for (const auto& [path, record] : records) pages[path] = {"application/json", record};
  for (std::size_t i = 0; i < files.size(); ++i) pages["/" + files[i]] = {"application/octet-stream", content_of(i)};
  return std::make_unique<HttpServer>(std::move(pages), latency_s);
}

std::vector<Weather> to_weather(const std::vector<http::Answer>& answers) {
  std::vector<Weather> weather;
  for (const http::Answer& answer : answers) {
    if (!answer.error.empty()) throw system_error("the demonstration's own server: " + answer.error);
    try {
      const auto record = nlohmann::json::parse(answer.body);
      weather.push_back({record.at("city"), record.at("temperature_c"), record.at("humidity_percent")});
    } catch (const nlohmann::json::exception&) {
      throw system_error(fmt::format("not a weather record: {:.80}", answer.body));
    }
  }
  return weather;
}

void request_weather(const HttpServer& server, Demo& demo) {
  std::vector<std::string> urls;
  for (const auto& [path, record] : records) urls.push_back(server.url(path));
  double start_s = now_s();
  std::vector<http::Answer> answers;
  for (const std::string& url : urls) answers.push_back(http::get(url));
  demo.for_requests.serial_s = now_s() - start_s;
  demo.weather = to_weather(answers);

  start_s = now_s();
  to_weather(http::get_all(urls, static_cast<int>(urls.size())));
  demo.for_requests.parallel_s = now_s() - start_s;
}

// Wall seconds of fetching all files, at most `parallel` at a time.
double fetch_files(const mpi::Comm& comm, const std::string& server_url, const std::string& folder, int parallel,
                   Demo& demo) {
  std::vector<Wish> wishes;
  for (std::size_t i = 0; i < files.size(); ++i) {
    wishes.push_back({"", server_url + files[i], sha256_of(content_of(i)), ""});
  }
  Request request;
  request.items = make_plan(wishes);
  request.settings.folder = request.scratch = folder;
  request.settings.force = true;
  request.parallel = parallel;
  Display display(request.items, {false, ProgressMode::off, 1}, comm.is_root());
  const Summary summary = fetch_all(comm, request, display);
  for (const Event& outcome : summary.outcomes) {  // on rank 0
    if (outcome.result != Result::failed) continue;
    throw system_error(fmt::format("the demonstration's own server: {}", outcome.reason.data()));
  }
  if (summary.failed > 0) throw system_error("the demonstration's own server failed");
  demo.ranks = summary.ranks;
  return summary.seconds;
}

std::string compared(const Waited& waited) {
  return fmt::format("  one after the other  {:>8}\n  all at once          {:>8}  {:.1f} times as fast\n",
                     format_seconds(waited.serial_s), format_seconds(waited.parallel_s),
                     waited.serial_s / waited.parallel_s);
}

}  // namespace

Demo run_demo(const mpi::Comm& world, Progress& progress) {
  Demo demo;
  const mpi::Comm node = world.split_by_node();
  if (node.min(static_cast<std::uint64_t>(world.rank())) != 0) return demo;
  progress.show("three requests, one after the other and at once");
  std::unique_ptr<HttpServer> server;
  std::optional<TemporaryFolder> folder;
  std::string url;
  mpi::on_root(node, [&] {
    // Both ends of each connection, and each file, and some of the server's and libcurl's own.
    limits::require_files(3 * static_cast<int>(files.size()) + 12, "fetch --demo");
    server = start_server();
    url = server->url("/");
    request_weather(*server, demo);
    folder.emplace();
  });
  url = node.broadcast(url);
  const std::string into = node.broadcast(folder ? folder->path() : "");
  const int all = static_cast<int>(files.size());
  progress.show(fmt::format("{} files, one after the other", all));
  demo.for_files.serial_s = fetch_files(node, url, into, 1, demo);
  progress.show(fmt::format("{} files at once", all));
  demo.for_files.parallel_s = fetch_files(node, url, into, all, demo);
  return demo;
}

std::string to_text(const Demo& demo) {
  std::string text = fmt::format("Weather records of {} cities, from a server on this machine that answers after {}:\n",
                                 demo.weather.size(), format_seconds(latency_s));
  for (const Weather& weather : demo.weather) {
    text += fmt::format("  {:<10} {:5.1f} C  humidity {} %\n", printable(weather.city), weather.temperature_c,
                        weather.humidity_percent);
  }
  text += compared(demo.for_requests);
  text += fmt::format("{} files of {}, each held against its SHA-256, by {}:\n", files.size(), format_bytes(file_bytes),
                      counted(static_cast<std::uint64_t>(demo.ranks), "rank"));
  text += compared(demo.for_files);
  text += fmt::format(
      "Why: of each {} a few are work; the rest is waiting for the server, and waiting overlaps. One thread with\n"
      "an event loop waits for all of them at once; more cores would not have made one of them come sooner.\n",
      format_seconds(latency_s));
  return text;
}

std::string result_lines(const Demo& demo) {
  std::string text;
  for (const auto& [what, waited] : {std::pair{"requests", demo.for_requests}, std::pair{"files", demo.for_files}}) {
    text += fmt::format("{0} one after the other = {1}\n{0} at once = {2}\n", what, format_seconds(waited.serial_s),
                        format_seconds(waited.parallel_s));
  }
  return text;
}

std::string to_json(const Demo& demo) {
  Json weather = Json::array();
  for (const Weather& record : demo.weather) {
    weather.push_back({{"city", record.city},
                       {"temperature_c", record.temperature_c},
                       {"humidity_percent", record.humidity_percent}});
  }
  const Json json{
      {"schema", 1},
      {"latency_s", latency_s},
      {"weather", weather},
      {"requests", {{"serial_s", demo.for_requests.serial_s}, {"parallel_s", demo.for_requests.parallel_s}}},
      {"files",
       {{"count", files.size()},
        {"bytes_each", file_bytes},
        {"ranks", demo.ranks},
        {"serial_s", demo.for_files.serial_s},
        {"parallel_s", demo.for_files.parallel_s}}}};
  return json.dump() + "\n";
}

}  // namespace concdemo::fetch
