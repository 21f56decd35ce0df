#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fetch/event.hpp"
#include "fetch/plan.hpp"
#include "screen/progress.hpp"

namespace concdemo::fetch {

// What a person sees of the transfers while they run, on stderr from rank 0: a line for each that ends or is to be
// tried again, and on a terminal a bar for each that runs and one line for all below them.
class Display {
 public:
  struct Options {
    bool lines = true;
    ProgressMode progress = ProgressMode::automatic;
    int attempts = 1;  // of a transfer, at most
  };
  // Of rank 0; the other ranks' shows nothing.
  Display(const std::vector<Item>& items, const Options& options, bool is_root);
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  bool has_bars() const { return bars_; }
  void show(const Event& event);
  void refresh();  // often; it draws ten times a second at most
  void clear();

 private:
  struct Running {
    std::uint64_t bytes = 0;
    std::uint64_t expected = 0;
    double start_s = 0;
  };
  void line(const std::string& text);
  void erase();

  const std::vector<Item>& items_;
  const Options options_;
  const bool is_root_;
  const bool bars_;
  Progress plain_;  // without a terminal, where it was asked for
  double start_s_;
  double drawn_s_ = 0;
  int drawn_lines_ = 0;
  std::map<std::uint32_t, Running> running_;
  std::size_t finished_ = 0;
  std::size_t failed_ = 0;
  std::uint64_t bytes_ = 0;  // of those that have finished
};

// "[#####-----]": `width` characters in all. Done of 0 expected is shown as unknown.
std::string bar(std::uint64_t done, std::uint64_t expected, int width);

}  // namespace concdemo::fetch
