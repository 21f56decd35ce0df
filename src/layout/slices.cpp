#include "layout/slices.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

namespace concdemo {
namespace {

using Bits = std::vector<std::uint64_t>;

// Cores handed to ranks one by one. A core that is free, or that its owner can exchange for another one, is found by a
// breadth-first search (an augmenting path of bipartite matching), so none is missed. Bit sets: 4,096 cores are 64
// words.
class Matching {
 public:
  Matching(const std::vector<std::vector<int>>& allowed, int cores)
      : words_((static_cast<std::size_t>(cores) + 63) / 64),
        free_(words_),
        allowed_(allowed.size(), Bits(words_)),
        owner_(static_cast<std::size_t>(cores), -1) {
    for (int core = 0; core < cores; ++core) set(free_, core);
    for (std::size_t rank = 0; rank < allowed.size(); ++rank) {
      for (const int core : allowed[rank]) set(allowed_[rank], core);
    }
  }

  // One core more for the rank; false when the masks leave none, which later calls cannot change.
  bool give(int rank) {
    Bits unseen(words_, ~std::uint64_t{0});
    std::vector<int> taker(owner_.size(), -1);     // rank that would take this core over
    std::vector<int> giving(allowed_.size(), -1);  // core that this rank would give away
    std::vector<int> queue{rank};
    for (std::size_t head = 0; head < queue.size(); ++head) {
      const Bits& mask = allowed_[at(queue[head])];
      for (std::size_t word = 0; word < words_; ++word) {
        if (const std::uint64_t open = mask[word] & free_[word]) {
          int core = position(word, open);
          free_[word] &= ~bit(core);
          for (int user = queue[head]; user != rank; user = taker[at(core)]) {
            owner_[at(core)] = user;
            core = giving[at(user)];
          }
          owner_[at(core)] = rank;
          return true;
        }
      }
      for (std::size_t word = 0; word < words_; ++word) {
        for (std::uint64_t next = mask[word] & unseen[word]; next != 0; next &= next - 1) {
          const int core = position(word, next);
          taker[at(core)] = queue[head];
          const int owner = owner_[at(core)];
          if (owner == rank || giving[at(owner)] >= 0) continue;
          giving[at(owner)] = core;
          queue.push_back(owner);
        }
        unseen[word] &= ~mask[word];
      }
    }
    return false;
  }

  std::vector<std::vector<int>> slices() const {
    std::vector<std::vector<int>> result(allowed_.size());
    for (std::size_t core = 0; core < owner_.size(); ++core) {
      if (owner_[core] >= 0) result[static_cast<std::size_t>(owner_[core])].push_back(static_cast<int>(core));
    }
    return result;
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  static std::uint64_t bit(int core) { return std::uint64_t{1} << (core % 64); }
  static void set(Bits& bits, int core) { bits[at(core) / 64] |= bit(core); }
  static int position(std::size_t word, std::uint64_t bits) {
    return static_cast<int>(word) * 64 + std::countr_zero(bits);
  }

  std::size_t words_;
  Bits free_;
  std::vector<Bits> allowed_;
  std::vector<int> owner_;  // rank of each core, -1: free
};

}  // namespace

std::vector<std::vector<int>> slice_cores(const std::vector<std::vector<int>>& allowed, const std::vector<int>& wanted,
                                          int cores) {
  // Narrow masks choose first: then wide ones seldom have to give anything back.
  std::vector<std::size_t> order(allowed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return allowed[a].size() < allowed[b].size(); });
  const auto give_all = [&](Matching& matching, const std::vector<int>& counts) {
    for (const std::size_t rank : order) {
      for (int i = 0; i < counts[rank]; ++i) {
        if (!matching.give(static_cast<int>(rank))) return false;
      }
    }
    return true;
  };
  Matching matching(allowed, cores);
  if (give_all(matching, wanted)) return matching.slices();

  // Not all at once: one core a rank and round, until a rank can get no more, tells what is possible for each.
  Matching rounds(allowed, cores);
  std::vector<int> possible(allowed.size(), 0);
  std::vector<std::size_t> hungry = order;
  while (!hungry.empty()) {
    std::erase_if(hungry, [&](std::size_t rank) {
      if (possible[rank] == wanted[rank] || !rounds.give(static_cast<int>(rank))) return true;
      ++possible[rank];
      return false;
    });
  }
  Matching again(allowed, cores);
  give_all(again, possible);
  return again.slices();
}

}  // namespace concdemo
