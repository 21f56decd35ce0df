#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/text.hpp"
#include "measure/machine_peaks.hpp"
#include "measure/measure.hpp"
#include "measure/record.hpp"

namespace concdemo {
namespace {

struct Summary {
  double all = 0, median = 0;
  std::size_t slowest = 0;  // rank
};

Summary summarise(const std::vector<double>& of_rank) {
  return {std::accumulate(of_rank.begin(), of_rank.end(), 0.0), median(of_rank),
          static_cast<std::size_t>(std::min_element(of_rank.begin(), of_rank.end()) - of_rank.begin())};
}

std::string outlier_text(const MachinePeaks& peaks, const Outlier& outlier) {
  const NodeRates& node = peaks.nodes[outlier.node];
  return fmt::format("{} (node of rank {}): {} is {:.2f} of the median node's", node.host, node.first_rank,
                     outlier.what, outlier.ratio);
}

std::string nodes_table(const MachinePeaks& peaks) {
  std::string text = fmt::format("\n{:<26}{:>22}{:>24}\n{:<26}{:>11}{:>13}{:>11}{:>13}\n", "node", "alone",
                                 "all nodes at once", "", "read", "FMA", "read", "FMA");
  constexpr std::size_t most = 32;  // lines; the outliers are named in any case
  for (std::size_t i = 0; i < std::min(peaks.nodes.size(), most); ++i) {
    const NodeRates& node = peaks.nodes[i];
    text += fmt::format("{:<26}{:>11}{:>13}{:>11}{:>13}\n", fmt::format("{} (rank {})", node.host, node.first_rank),
                        format_rate(node.read_alone, "B/s"), format_rate(node.fma_alone, "flop/s"),
                        format_rate(node.read_together, "B/s"), format_rate(node.fma_together, "flop/s"));
  }
  if (peaks.nodes.size() > most) text += fmt::format("... and {} more: --json\n", peaks.nodes.size() - most);
  const auto found = outliers(peaks.nodes);
  for (const Outlier& outlier : found) text += "Slow: " + outlier_text(peaks, outlier) + "\n";
  if (found.empty()) text += fmt::format("No node is more than 10 % below the median of the {}.\n", peaks.nodes.size());
  return text;
}

}  // namespace

std::string peaks_text(const MachinePeaks& peaks) {
  const std::size_t ranks = peaks.hosts.size();
  std::string text =
      fmt::format("Peaks of {} x {} on {}, all at once, in {}\n\n{:<18}{:>14}{:>14}{:>14}\n", counted(ranks, "rank"),
                  counted(peaks.threads, "thread"), counted(peaks.nodes.size(), "node"), format_seconds(peaks.seconds),
                  "", "in all", "median rank", "slowest rank");
  for (const RankRates& rates : peaks.rates) {
    const Summary summary = summarise(rates.of_rank);
    const double slowest = rates.of_rank[summary.slowest];
    text += fmt::format("{:<18}{:>14}{:>14}{:>14}", rates.name, format_rate(summary.all, rates.unit),
                        format_rate(summary.median, rates.unit), format_rate(slowest, rates.unit));
    text += ranks > 1 ? fmt::format("  rank {} on {}\n", summary.slowest, peaks.hosts[summary.slowest]) : "\n";
  }
  for (const Link& link : peaks.links) {
    text +=
        fmt::format("Messages {}: {} one way, {} (ranks {} and {}: {}, {})\n", link.name,
                    format_seconds(link.latency_s), format_rate(link.bandwidth, "B/s"), link.from, link.to,
                    peaks.hosts[static_cast<std::size_t>(link.from)], peaks.hosts[static_cast<std::size_t>(link.to)]);
  }
  for (const std::string& what : peaks.not_measured) text += "Not measured: " + what + "\n";
  return peaks.nodes.size() > 1 ? text + nodes_table(peaks) : text;
}

std::string peaks_lines(const MachinePeaks& peaks) {
  std::string text;
  for (const RankRates& rates : peaks.rates) {
    text += fmt::format("{} = {}\n", rates.name, format_rate(summarise(rates.of_rank).all, rates.unit));
  }
  for (const Link& link : peaks.links) {
    text += fmt::format("message {} = {}, {}\n", link.name, format_seconds(link.latency_s),
                        format_rate(link.bandwidth, "B/s"));
  }
  for (const Outlier& outlier : outliers(peaks.nodes)) text += "slow = " + outlier_text(peaks, outlier) + "\n";
  return text;
}

Json peaks_json(const MachinePeaks& peaks) {
  Json json{{"schema", 1},
            {"command", "peaks"},
            {"ranks", peaks.hosts.size()},
            {"threads", peaks.threads},
            {"seconds", peaks.seconds},
            {"rates", Json::array()},
            {"nodes", Json::array()},
            {"links", Json::array()},
            {"outliers", Json::array()},
            {"not_measured", peaks.not_measured},
            {"hosts", peaks.hosts}};
  for (const RankRates& rates : peaks.rates) {
    const Summary summary = summarise(rates.of_rank);
    json["rates"].push_back({{"name", rates.name},
                             {"unit", rates.unit},
                             {"all", summary.all},
                             {"median_rank", summary.median},
                             {"slowest_rank", summary.slowest},
                             {"slowest_host", peaks.hosts[summary.slowest]},
                             {"of_rank", rates.of_rank}});
  }
  for (const NodeRates& node : peaks.nodes) {
    json["nodes"].push_back({{"host", node.host},
                             {"first_rank", node.first_rank},
                             {"read_alone", node.read_alone},
                             {"read_together", node.read_together},
                             {"fma_alone", node.fma_alone},
                             {"fma_together", node.fma_together}});
  }
  for (const Link& link : peaks.links) {
    json["links"].push_back({{"name", link.name},
                             {"from", link.from},
                             {"to", link.to},
                             {"latency_s", link.latency_s},
                             {"bandwidth", link.bandwidth}});
  }
  for (const Outlier& outlier : outliers(peaks.nodes)) {
    json["outliers"].push_back({{"host", peaks.nodes[outlier.node].host},
                                {"first_rank", peaks.nodes[outlier.node].first_rank},
                                {"what", outlier.what},
                                {"ratio", outlier.ratio}});
  }
  json["environment"] = environment_json();
  return json;
}

}  // namespace concdemo
