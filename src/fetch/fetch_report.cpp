#include "fetch/fetch_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/printable.hpp"
#include "base/text.hpp"

namespace concdemo::fetch {
namespace {

constexpr const char* columns = "{:<{}}  {:<13} {:>6} {:>10} {:>8} {:>10} {:>8}\n";

const char* word(Result result) {
  switch (result) {
    case Result::fetched: return "fetched";
    case Result::already_there: return "already there";
    default: return "failed";
  }
}

double rate(std::uint64_t bytes, double seconds) { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }

std::uint64_t bytes_of(const Summary& summary) {
  std::uint64_t bytes = 0;
  for (const Event& outcome : summary.outcomes) bytes += outcome.bytes;
  return bytes;
}

}  // namespace

std::string table(const Request& request, const Summary& summary) {
  std::size_t width = 4;
  for (const Item& item : request.items) width = std::max(width, std::min<std::size_t>(item.name.size(), 40));
  std::string text = fmt::format(columns, "file", width, "", "status", "bytes", "time", "rate", "attempts");
  std::uint64_t there = 0;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    const Item& item = request.items[i];
    const Event& outcome = summary.outcomes[i];
    const bool fetched = outcome.result == Result::fetched;
    if (outcome.result == Result::already_there) ++there;
    text += fmt::format(columns, item.name, width, word(outcome.result),
                        outcome.status > 0 ? fmt::format("{}", outcome.status) : "-",
                        fetched ? format_bytes(outcome.bytes) : "-", format_seconds(outcome.seconds),
                        fetched ? format_rate(rate(outcome.bytes, outcome.seconds), "B/s") : "-", outcome.attempts);
    if (outcome.result == Result::failed) text += fmt::format("    {}: {}\n", item.shown, outcome.reason.data());
  }
  const std::uint64_t fetched = request.items.size() - summary.failed - there, bytes = bytes_of(summary);
  text += fmt::format("total: {} of {} fetched{}{}; {} in {}, {}; by {}, {} at a time, {}\n", fetched,
                      counted(request.items.size(), "file"), there > 0 ? fmt::format(", {} already there", there) : "",
                      summary.failed > 0 ? fmt::format(", {} failed", summary.failed) : "", format_bytes(bytes),
                      format_seconds(summary.seconds), format_rate(rate(bytes, summary.seconds), "B/s"),
                      request.threads ? "threads" : "event loop", request.parallel,
                      counted(static_cast<std::uint64_t>(summary.ranks), "rank"));
  return text;
}

std::string paths(const Request& request, const Summary& summary) {
  std::string text;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    if (summary.outcomes[i].result != Result::failed) {
      text += printable(request.settings.folder) + "/" + request.items[i].name + "\n";
    }
  }
  return text;
}

Json to_json(const Request& request, const Summary& summary) {
  Json files = Json::array();
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    const Item& item = request.items[i];
    const Event& outcome = summary.outcomes[i];
    files.push_back({{"url", item.shown},
                     {"file", request.settings.folder + "/" + item.name},
                     {"result", word(outcome.result)},
                     {"status", outcome.status},
                     {"bytes", outcome.bytes},
                     {"seconds", outcome.seconds},
                     {"attempts", outcome.attempts},
                     {"reason", outcome.reason.data()}});
  }
  return {{"schema", 1},
          {"with", request.threads ? "threads" : "event-loop"},
          {"parallel", request.parallel},
          {"ranks", summary.ranks},
          {"seconds", summary.seconds},
          {"bytes", bytes_of(summary)},
          {"failed", summary.failed},
          {"files", files}};
}

}  // namespace concdemo::fetch
