#include "layout/matching.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

namespace concdemo {
namespace {

using Bits = std::vector<std::uint64_t>;

// Units handed to users one by one. A unit that is free, or that its owner can exchange for another one, is found by a
// breadth-first search (an augmenting path of bipartite matching), so none is missed. Bit sets: 4,096 units are 64
// words.
class Matching {
 public:
  explicit Matching(int units)
      : words_((static_cast<std::size_t>(units) + 63) / 64),
        free_(words_),
        owner_(static_cast<std::size_t>(units), -1) {
    for (int unit = 0; unit < units; ++unit) set(free_, unit);
  }

  // The next user, and what it may have.
  void add_user(const std::vector<int>& units) {
    Bits& mask = allowed_.emplace_back(words_);
    for (const int unit : units) set(mask, unit);
  }

  // One unit more for the user; false when the masks leave none, which later calls cannot change.
  bool give(std::size_t to) {
    const int user = static_cast<int>(to);
    Bits unseen(words_, ~std::uint64_t{0});
    std::vector<int> taker(owner_.size(), -1);     // user that would take this unit over
    std::vector<int> giving(allowed_.size(), -1);  // unit that this user would give away
    std::vector<int> queue{user};
    for (std::size_t head = 0; head < queue.size(); ++head) {
      const Bits& mask = allowed_[at(queue[head])];
      for (std::size_t word = 0; word < words_; ++word) {
        if (const std::uint64_t open = mask[word] & free_[word]) {
          int unit = position(word, open);
          free_[word] &= ~bit(unit);
          for (int next = queue[head]; next != user; next = taker[at(unit)]) {
            owner_[at(unit)] = next;
            unit = giving[at(next)];
          }
          owner_[at(unit)] = user;
          return true;
        }
      }
      for (std::size_t word = 0; word < words_; ++word) {
        for (std::uint64_t next = mask[word] & unseen[word]; next != 0; next &= next - 1) {
          const int unit = position(word, next);
          taker[at(unit)] = queue[head];
          const int owner = owner_[at(unit)];
          if (owner == user || giving[at(owner)] >= 0) continue;
          giving[at(owner)] = unit;
          queue.push_back(owner);
        }
        unseen[word] &= ~mask[word];
      }
    }
    return false;
  }

  std::vector<std::vector<int>> units_of_all() const {
    std::vector<std::vector<int>> result(allowed_.size());
    for (std::size_t unit = 0; unit < owner_.size(); ++unit) {
      if (owner_[unit] >= 0) result[static_cast<std::size_t>(owner_[unit])].push_back(static_cast<int>(unit));
    }
    return result;
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  static std::uint64_t bit(int unit) { return std::uint64_t{1} << (unit % 64); }
  static void set(Bits& bits, int unit) { bits[at(unit) / 64] |= bit(unit); }
  static int position(std::size_t word, std::uint64_t bits) {
    return static_cast<int>(word) * 64 + std::countr_zero(bits);
  }

  std::size_t words_;
  Bits free_;
  std::vector<Bits> allowed_;
  std::vector<int> owner_;  // user of each unit, -1: free
};

// Of users 0 .. n-1 that may have these units.
Matching matching_of(const std::vector<std::vector<int>>& allowed, int units) {
  Matching matching(units);
  for (const auto& mask : allowed) matching.add_user(mask);
  return matching;
}

}  // namespace

std::vector<int> match_threads(const std::vector<ThreadGroup>& groups, int units) {
  Matching matching(units);
  std::vector<int> matched(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    matching.add_user(groups[i].units);
    while (matched[i] < groups[i].threads && matching.give(i)) ++matched[i];
  }
  return matched;
}

std::vector<std::vector<int>> divide_cores(const std::vector<std::vector<int>>& allowed, const std::vector<int>& wanted,
                                           int cores) {
  // Narrow masks choose first: then wide ones seldom have to give anything back.
  std::vector<std::size_t> order(allowed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return allowed[a].size() < allowed[b].size(); });
  const auto give_all = [&](Matching& matching, const std::vector<int>& counts) {
    for (const std::size_t rank : order) {
      for (int i = 0; i < counts[rank]; ++i) {
        if (!matching.give(rank)) return false;
      }
    }
    return true;
  };
  Matching matching = matching_of(allowed, cores);
  if (give_all(matching, wanted)) return matching.units_of_all();

  // Not all at once: one core a rank and round, until a rank can get no more, tells what is possible for each.
  Matching rounds = matching_of(allowed, cores);
  std::vector<int> possible(allowed.size(), 0);
  std::vector<std::size_t> hungry = order;
  while (!hungry.empty()) {
    std::erase_if(hungry, [&](std::size_t rank) {
      if (possible[rank] == wanted[rank] || !rounds.give(rank)) return true;
      ++possible[rank];
      return false;
    });
  }
  Matching again = matching_of(allowed, cores);
  give_all(again, possible);
  return again.units_of_all();
}

}  // namespace concdemo
