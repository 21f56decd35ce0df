#include "layout/matching.hpp"

#include <cstddef>

namespace concdemo {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

class Matching {
 public:
  Matching(const std::vector<ThreadGroup>& groups, int units)
      : groups_(groups), owner_(at(units), -1), matched_(groups.size()), seen_(at(units)) {}

  std::vector<int> run() {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      // Where one thread of a group finds nothing, neither does the next.
      while (matched_[group] < groups_[group].threads) {
        ++round_;
        if (!find_unit(static_cast<int>(group))) break;
        ++matched_[group];
      }
    }
    return matched_;
  }

 private:
  // A free unit for one more thread of the group, others moved to make it free.
  bool find_unit(int group) {
    for (const int unit : groups_[at(group)].units) {
      if (owner_[at(unit)] < 0) return take(unit, group);
    }
    for (const int unit : groups_[at(group)].units) {
      if (seen_[at(unit)] == round_ || owner_[at(unit)] == group) continue;
      seen_[at(unit)] = round_;
      if (find_unit(owner_[at(unit)])) return take(unit, group);
    }
    return false;
  }
  bool take(int unit, int group) {
    owner_[at(unit)] = group;
    return true;
  }

  const std::vector<ThreadGroup>& groups_;
  std::vector<int> owner_;  // group whose thread has the unit
  std::vector<int> matched_;
  std::vector<int> seen_;  // round in which the unit was tried
  int round_ = 0;
};

}  // namespace

std::vector<int> match_threads(const std::vector<ThreadGroup>& groups, int units) {
  return Matching(groups, units).run();
}

}  // namespace concdemo
