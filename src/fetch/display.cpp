#include "fetch/display.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "screen/terminal.hpp"

namespace concdemo::fetch {
namespace {

constexpr std::size_t most_bars = 12;  // a small terminal has 24 lines
constexpr double redraw_s = 0.1;

std::string upwards(int lines) { return fmt::format("\r\033[{}A\033[J", lines); }  // and clears what is below

}  // namespace

std::string bar(std::uint64_t done, std::uint64_t expected, int width) {
  const int inside = std::max(width - 2, 0);
  if (expected == 0) return fmt::format("[{:.<{}}]", "", inside);
  const double fraction = std::min(static_cast<double>(done) / static_cast<double>(expected), 1.0);
  const int full = static_cast<int>(fraction * inside);
  return fmt::format("[{:#<{}}{:-<{}}]", "", full, "", inside - full);
}

Display::Display(const std::vector<Item>& items, const Options& options, bool is_root)
    : items_(items),
      options_(options),
      is_root_(is_root),
      bars_(is_root && options.progress != ProgressMode::off && stderr_is_watched()),
      plain_(bars_ ? ProgressMode::off : options.progress, is_root),
      start_s_(now_s()) {}

Display::~Display() { clear(); }

void Display::show(const Event& event) {
  if (!is_root_) return;
  const Item& item = items_[event.item];
  if (event.kind == Kind::started || event.kind == Kind::progress) {
    running_[event.item] = {event.bytes, event.expected, now_s() - event.seconds};
    return;
  }
  running_.erase(event.item);
  if (event.kind == Kind::retrying) {
    return line(fmt::format("{}: {}; attempt {} of {} in {}", item.name, event.reason.data(), event.attempts + 1,
                            options_.attempts, format_seconds(event.seconds)));
  }
  std::string outcome = "already there";
  if (event.result == Result::failed) {
    ++failed_;
    outcome = fmt::format("failed: {}", event.reason.data());
  } else if (event.result == Result::fetched) {
    bytes_ += event.bytes;
    outcome = fmt::format("{}, {} in {}", event.status, format_bytes(event.bytes), format_seconds(event.seconds));
  }
  line(fmt::format("[{}/{}] {}: {}", ++finished_, items_.size(), item.name, outcome));
}

void Display::line(const std::string& text) {
  if (!options_.lines) return;
  erase();
  message(text);
}

void Display::erase() {
  if (drawn_lines_ > 0) draw(upwards(drawn_lines_));
  drawn_lines_ = 0;
  drawn_s_ = 0;
}

void Display::clear() {
  erase();
  plain_.clear();
}

void Display::refresh() {
  const double now = now_s();
  if (!is_root_ || now - drawn_s_ < redraw_s) return;
  drawn_s_ = now;
  std::uint64_t bytes = bytes_;
  for (const auto& [item, state] : running_) bytes += state.bytes;
  const std::string total = fmt::format(
      "{} of {} files{}, {}, {}", finished_, items_.size(), failed_ > 0 ? fmt::format(" ({} failed)", failed_) : "",
      format_bytes(bytes), format_rate(static_cast<double>(bytes) / std::max(now - start_s_, 1e-3), "B/s"));
  if (!bars_) return plain_.show(total);
  const int columns = std::max(terminal_columns() - 1, 40);
  const int name_columns = columns / 3;
  std::string text = drawn_lines_ > 0 ? upwards(drawn_lines_) : "";
  drawn_lines_ = 1;
  for (const auto& [item, state] : running_) {
    if (static_cast<std::size_t>(drawn_lines_) > most_bars) break;
    const double rate = static_cast<double>(state.bytes) / std::max(now - state.start_s, 1e-3);
    text += fmt::format("{:<{}.{}} {} {:>10} {:>10}\n", items_[item].name, name_columns, name_columns,
                        bar(state.bytes, state.expected, columns - name_columns - 24), format_bytes(state.bytes),
                        format_rate(rate, "B/s"));
    ++drawn_lines_;
  }
  const std::size_t hidden = running_.size() - static_cast<std::size_t>(drawn_lines_ - 1);
  text += fmt::format("{} {}{}\n", bar(finished_, items_.size(), 20), total,
                      hidden > 0 ? fmt::format("; {} more run", hidden) : "");
  draw(text);
}

}  // namespace concdemo::fetch
