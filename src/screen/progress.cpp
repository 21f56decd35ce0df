#include "screen/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/pause.hpp"
#include "base/tally.hpp"
#include "screen/terminal.hpp"
#include "system/signals.hpp"

namespace concdemo {
namespace {

std::string elapsed_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

}  // namespace

struct Progress::Ticker {
  explicit Ticker(bool on_terminal) : terminal(on_terminal) {
    if (const char* text = std::getenv("CONCDEMO_PROGRESS_S")) {
      first_s = later_s = std::max(0.001, std::atof(text));
      at_once = first_s < 1;
    }
    const SignalsBlocked blocked;
    thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void run(const std::stop_token& stop) {
    for (double wait_s = first_s; !stopped_within(wait_s, stop);) {
      if (draw()) wait_s = later_s;
    }
  }

  bool draw() {
    const std::lock_guard lock(drawing);
    const std::string text = line();
    if (text.empty()) return false;
    terminal ? draw_line(text) : message(text);
    return due = true;
  }

  std::string line() {
    const std::lock_guard lock(mutex);
    if (phase.empty()) return "";
    const std::string counted = tally::text();
    return fmt::format("{}{}{}, {}", phase, counted.empty() ? "" : ", ", counted, elapsed_text(now_s() - start_s));
  }

  void set(const std::string& text) {
    const std::lock_guard lock(mutex);
    phase = text;
    due = false;
  }

  const bool terminal;
  const double start_s = now_s();
  double first_s = 1;  // what takes no longer shows nothing
  double later_s = terminal ? 1 : 60;
  bool at_once = false;  // each phase is drawn when it begins, too
  std::atomic<bool> due = true;
  std::mutex drawing;  // so that no line comes after clear(); who only shows does not wait for a slow terminal
  std::mutex mutex;    // guards phase
  std::string phase;
  std::jthread thread;  // last: it ends before the rest goes
};

Progress::Progress(ProgressMode mode, bool is_root) {
  if (!is_root || mode == ProgressMode::off) return;
  const bool terminal = stderr_is_watched();
  if (terminal || mode == ProgressMode::on) ticker_ = std::make_unique<Ticker>(terminal);
}

Progress::~Progress() { clear(); }

bool Progress::is_due() const { return ticker_ && ticker_->due.load(std::memory_order_relaxed); }

void Progress::show(const std::string& phase) {
  if (!ticker_) return;
  tally::begin(0, tally::Unit::none);
  ticker_->set(phase);
  if (ticker_->at_once) ticker_->draw();
}

void Progress::clear() {
  if (!ticker_) return;
  const std::lock_guard lock(ticker_->drawing);
  ticker_->set("");
  erase_line();
}

}  // namespace concdemo
