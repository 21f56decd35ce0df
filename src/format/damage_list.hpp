#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/printable.hpp"

namespace concdemo {

// What is wrong with a file, a printable line each. The first lines are kept, all are counted: a file that is nothing
// but damage costs no memory.
class DamageList {
 public:
  static constexpr std::size_t most_lines = 20;

  void add(const std::string& line) {
    ++count_;
    if (lines_.size() < most_lines) lines_.push_back(printable(line));
  }
  void add(const DamageList& others) {
    for (const auto& line : others.lines_) add(line);
    count_ += others.count_ - others.lines_.size();
  }
  const std::vector<std::string>& lines() const { return lines_; }
  std::uint64_t count() const { return count_; }

 private:
  std::vector<std::string> lines_;
  std::uint64_t count_ = 0;
};

}  // namespace concdemo
