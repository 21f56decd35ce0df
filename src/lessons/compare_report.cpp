#include "lessons/compare_report.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/text.hpp"
#include "measure/record.hpp"

namespace concdemo {
namespace {

std::string percent(double part) { return fmt::format("{:.0f} %", 100 * part); }

double task_us(const KindFigures& kind) {
  return kind.ways.empty() ? 0 : kind.ways.front().seconds / static_cast<double>(kind.tasks.count) * 1e6;
}

std::vector<double> efficiencies(const Grain& grain, std::size_t way) {
  std::vector<double> all;
  for (const KindFigures& figures : grain.figures) all.push_back(figures.ways[way].efficiency);
  return all;
}

Json sizes(const TaskList& tasks) {
  switch (tasks.kind) {
    case TaskKind::cpu: return {{"numbers", tasks.numbers}};
    case TaskKind::http: return {{"url", tasks.shown_url}};
    case TaskKind::file: return {{"bytes", tasks.bytes}};
    case TaskKind::spin: return {{"steps", tasks.steps}};
    default: return {{"wait_s", tasks.wait_s}};
  }
}

// "24 tasks, each the sum of squares of 8 M numbers"
std::string tasks_text(const TaskList& tasks) {
  std::string each;
  switch (tasks.kind) {
    case TaskKind::cpu: each = fmt::format("the sum of squares of {} numbers", format_count(tasks.numbers)); break;
    case TaskKind::http: each = "a GET of " + tasks.shown_url; break;
    case TaskKind::file:
      each = fmt::format("a temporary file of {}, written and fsynced", format_bytes(tasks.bytes));
      break;
    case TaskKind::spin: each = fmt::format("{} steps of arithmetic", format_count(tasks.steps)); break;
    case TaskKind::sleep: each = fmt::format("a sleep of {}", format_seconds(tasks.wait_s)); break;
  }
  return fmt::format("{} tasks, each {}", tasks.count, each);
}

// "12 us", "below 1 us", "never"
std::string grain_text(const SmallestTask& smallest, const Grain& grain) {
  switch (smallest.where) {
    case SmallestTask::Where::below: return "below " + format_seconds(grain.task_us.front() * 1e-6);
    case SmallestTask::Where::at: return format_seconds(smallest.us * 1e-6);
    default: return "never";
  }
}

}  // namespace

std::string table(const KindFigures& kind, const LeftOut& ways) {
  std::string text = fmt::format("{}: {}\n", name_of(kind.tasks.kind), tasks_text(kind.tasks));
  text += fmt::format("  {:<17} {:>7} {:>9} {:>9} {:>10} {:>9}\n", "way", "workers", "time", "speed-up", "efficiency",
                      "CPU time");
  for (const WayFigure& way : kind.ways) {
    const bool can_wait = kind.tasks.kind == TaskKind::sleep || kind.tasks.kind == TaskKind::http;
    // One thread that waits for many tasks at once: speed-up by workers says nothing of it.
    const std::string efficiency = way.way == "event loop" && can_wait ? "-" : percent(way.efficiency);
    text += fmt::format("  {:<17} {:>7} {:>9} {:>7.2f} x {:>10} {:>9}{}\n", way.way, way.workers,
                        format_seconds(way.seconds), way.speed_up, efficiency, format_seconds(way.cpu_s),
                        way.way == "event loop" && !can_wait ? "  these tasks one after the other" : "");
  }
  for (const auto& [way, why] : ways) text += fmt::format("  {:<17} {}\n", way, why);
  return text + "\n";
}

std::string result_lines(const KindFigures& kind) {
  std::string text;
  for (const WayFigure& way : kind.ways) {
    text += fmt::format("{}, {} = {}, {:.2f} x\n", name_of(kind.tasks.kind), way.way, format_seconds(way.seconds),
                        way.speed_up);
  }
  return text;
}

std::string result_lines(const Grain& grain) {
  std::string text;
  for (std::size_t i = 0; i < grain.figures.size(); ++i) {
    for (const WayFigure& way : grain.figures[i].ways) {
      text += fmt::format("{}, {} = {}\n", format_seconds(grain.task_us[i] * 1e-6), way.way, percent(way.efficiency));
    }
  }
  return text;
}

std::string grain_table(const Grain& grain) {
  std::string text = "grain: efficiency by the size of a task that computes (speed-up over serial / workers)\n";
  text += fmt::format("  {:<17} {:>7}", "way", "workers");
  for (const double us : grain.task_us) text += fmt::format(" {:>8}", format_seconds(us * 1e-6));
  text += "   50 % from\n";
  for (std::size_t way = 0; way < grain.figures.front().ways.size(); ++way) {
    const WayFigure& first = grain.figures.front().ways[way];
    text += fmt::format("  {:<17} {:>7}", first.way, first.workers);
    for (const double one : efficiencies(grain, way)) text += fmt::format(" {:>8}", percent(one));
    text += fmt::format("   {}\n", grain_text(smallest_task(grain.task_us, efficiencies(grain, way)), grain));
  }
  return text + "\n";
}

Json to_json(const KindFigures& kind) {
  Json ways = Json::array();
  for (const WayFigure& way : kind.ways) {
    ways.push_back({{"way", way.way},
                    {"workers", way.workers},
                    {"seconds", way.seconds},
                    {"speed_up", way.speed_up},
                    {"efficiency", way.efficiency},
                    {"cpu_s", way.cpu_s}});
  }
  return {{"kind", name_of(kind.tasks.kind)},
          {"tasks", kind.tasks.count},
          {"each", sizes(kind.tasks)},
          {"task_us", task_us(kind)},
          {"ways", ways}};
}

Json to_json(const Grain& grain) {
  Json result = {{"task_us", grain.task_us}, {"sizes", Json::array()}, {"smallest", Json::array()}};
  if (grain.figures.empty()) return result;
  for (const KindFigures& figures : grain.figures) result["sizes"].push_back(to_json(figures));
  for (std::size_t way = 0; way < grain.figures.front().ways.size(); ++way) {
    const SmallestTask smallest = smallest_task(grain.task_us, efficiencies(grain, way));
    const bool at = smallest.where == SmallestTask::Where::at;
    result["smallest"].push_back({{"way", grain.figures.front().ways[way].way},
                                  {"task_us", at ? Json(smallest.us) : Json(nullptr)},
                                  {"text", grain_text(smallest, grain)}});
  }
  return result;
}

Json make_record(const KindFigures& kind, const WayFigure& way, const Layout& layout, std::uint64_t peak_rss) {
  return {{"schema", 1},
          {"workload", "compare"},
          {"kind", name_of(kind.tasks.kind)},
          {"way", way.way},
          {"workers", way.workers},
          {"size", {kind.tasks.count}},
          {"each", sizes(kind.tasks)},
          {"layout", layout_json(layout)},
          {"seconds",
           {{"min", way.seconds},
            {"median", way.samples.median()},
            {"max", way.samples.max()},
            {"samples", way.samples.seconds}}},
          {"speed_up", way.speed_up},
          {"efficiency", way.efficiency},
          {"cpu_s", way.cpu_s},
          {"task_us", task_us(kind)},
          {"verified", true},
          {"verified_against", "the known result of every task"},
          {"peak_rss_bytes", peak_rss},
          {"environment", environment_json()}};
}

}  // namespace concdemo
