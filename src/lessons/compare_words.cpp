#include "lessons/compare_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace concdemo {
namespace {

constexpr const char* one_lock = "threads, one lock";
constexpr double gain = 1.2;  // times serial: less may be chance

// Of a way in one process, which is always there.
const WayFigure& figure_of(const KindFigures& kind, const char* way) {
  return *std::find_if(kind.ways.begin(), kind.ways.end(), [&](const auto& figure) { return figure.way == way; });
}

const WayFigure& best_of(const KindFigures& kind) {
  return *std::max_element(kind.ways.begin(), kind.ways.end(),
                           [](const auto& a, const auto& b) { return a.speed_up < b.speed_up; });
}

std::string times(double speed_up) { return fmt::format("{:.{}f} x", speed_up, speed_up < 9.95 ? 2 : 1); }

// The best way and those within a twentieth of it, in the order of the list, which is that of their simplicity.
std::vector<WayFigure> fastest_of(const KindFigures& kind) {
  std::vector<WayFigure> near;
  for (const WayFigure& figure : kind.ways) {
    if (figure.speed_up >= 0.95 * best_of(kind).speed_up) near.push_back(figure);
  }
  return near;
}

// The simplest of the fastest; nobody chooses the lock.
std::string choice(const KindFigures& kind) {
  for (const WayFigure& figure : fastest_of(kind)) {
    if (figure.way != one_lock) return figure.way;
  }
  return "threads";
}

std::string winners(const KindFigures& kind) {
  std::vector<WayFigure> near = fastest_of(kind);
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.speed_up > b.speed_up; });
  std::string text;
  for (std::size_t i = 0; i < near.size(); ++i) {
    text += i == 0 ? "" : i + 1 == near.size() ? " and " : ", ";
    text += fmt::format("{} ({} with {})", near[i].way, times(near[i].speed_up), counted(near[i].workers, "worker"));
  }
  return text;
}

std::string fastest(const KindFigures& kind) {
  return fmt::format("{}: fastest, against serial: {}.", name_of(kind.tasks.kind), winners(kind));
}

std::string event_loop_text(const KindFigures& kind, const char* because) {
  const double loop = figure_of(kind, "event loop").speed_up;
  return loop >= gain ? "" : fmt::format(" The event loop has one thread and {}: {}.", because, times(loop));
}

std::string about_computing(const KindFigures& kind, int cores) {
  const double best = best_of(kind).speed_up;
  if (cores <= 1) {
    return fmt::format(
        "cpu: there is one core, so nothing could be gained by computing in parallel{}.",
        best < gain ? "" : fmt::format(" (that {} was {} is this machine's noise)", best_of(kind).way, times(best)));
  }
  if (best < gain) {
    return fmt::format(
        "cpu: no way gained anything on {}: at best {} serial. Is the machine busy with something "
        "else?",
        counted(cores, "core"), times(best));
  }
  std::string text = fastest(kind);
  const auto& lock = figure_of(kind, one_lock);
  if (lock.speed_up < gain && lock.workers > 1 && figure_of(kind, "threads").speed_up >= gain) {
    text += fmt::format(" Under one lock only one of {} threads computes at a time: {}.", lock.workers,
                        times(lock.speed_up));
  }
  constexpr const char* advised = "run it again with an idle machine, or with larger tasks";
  if (const double loop = figure_of(kind, "event loop").speed_up; loop >= gain) {
    text += fmt::format(" That the event loop, one thread, was {} is noise: {}.", times(loop), advised);
  } else if (lock.speed_up >= gain && lock.workers > 1) {
    text += fmt::format(" That threads under one lock, of which one computes at a time, were {} is noise: {}.",
                        times(lock.speed_up), advised);
  }
  return text + event_loop_text(kind, "computes the tasks in turn");
}

std::string about_waiting(const KindFigures& kind, int cores) {
  const WayFigure& best = best_of(kind);
  if (best.speed_up < gain) {
    return fmt::format("{}: no way gained anything: at best {} serial.", name_of(kind.tasks.kind),
                       times(best.speed_up));
  }
  std::string text = fastest(kind);
  if (best.speed_up > 1.5 * cores) {
    text += fmt::format(" That is more than {}: waiting needs no core.", counted(cores, "core"));
  }
  const double lock = figure_of(kind, one_lock).speed_up, threads = figure_of(kind, "threads").speed_up;
  if (threads >= gain) {
    const double part = lock / threads;
    text += fmt::format(" The one lock, released while a task waits, cost {}: {} with it, {} without{}.",
                        part >= 0.85 ? "little or nothing" : "something", times(lock), times(threads),
                        part > gain ? " (faster with it is noise: is the machine busy?)" : "");
  }
  const bool in_turn = kind.tasks.kind == TaskKind::file;
  return text + (in_turn ? event_loop_text(kind, "writes the files in turn") : "");
}

}  // namespace

std::vector<std::string> advice(const std::vector<KindFigures>& kinds, int cores) {
  std::vector<std::string> lines;
  std::string rule;
  for (const KindFigures& kind : kinds) {
    if (kind.ways.empty()) continue;
    const bool computes = kind.tasks.kind == TaskKind::cpu;
    lines.push_back(computes ? about_computing(kind, cores) : about_waiting(kind, cores));
    const WayFigure& best = best_of(kind);
    const bool gained = best.speed_up >= gain && !(computes && cores <= 1);
    rule += rule.empty() ? "" : "; ";
    rule += fmt::format("{}: {}", name_of(kind.tasks.kind), gained ? choice(kind) : "serial");
  }
  if (kinds.size() > 1) lines.push_back("Choose by what a task does. The simplest of the fastest here: " + rule + ".");
  return lines;
}

}  // namespace concdemo
