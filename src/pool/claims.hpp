#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/partition.hpp"

// How workers get their items: from one atomic word that all threads of all ranks of a node see.
namespace concdemo::claims {

// Items are counted in units, so that begin and end of a range of them fit into one word.
constexpr std::uint64_t unit_of(std::uint64_t items) { return items / (std::uint64_t{1} << 31) + 1; }

// Begin and end, in units; [n, n) is empty.
using Word = std::uint64_t;
constexpr Word pack(Range units) { return units.begin << 32 | units.end; }
constexpr Range unpack(Word word) { return {word >> 32, word & 0xffffffff}; }

// What the ranks of a node share.
struct NodeState {
  alignas(64) std::atomic<Word> range;                   // not yet claimed
  alignas(64) std::atomic<std::uint64_t> closed;         // 1: no other range will come
  alignas(64) std::atomic<std::uint64_t> first_failure;  // lowest index that failed; no worker begins a higher one
};
static_assert(std::atomic<Word>::is_always_lock_free);

// A piece for one of `takers` from what is left: small enough that the last pieces even out, and at least one.
constexpr std::uint64_t guided_piece(std::uint64_t left, std::uint64_t takers, std::uint64_t rounds) {
  return std::clamp<std::uint64_t>(left / (takers * rounds), left > 0 ? 1 : 0, left);
}

// Takes the next piece: `fixed` units, or a guided one for `workers` where that is 0. Nothing when the range is empty.
inline std::optional<Range> claim(std::atomic<Word>& word, std::uint64_t fixed, std::uint64_t workers) {
  constexpr std::uint64_t rounds = 16;  // the first pieces are a sixteenth of a worker's share
  Word seen = word.load(std::memory_order_acquire);
  while (true) {
    const Range range = unpack(seen);
    if (range.size() == 0) return {};
    const std::uint64_t size = fixed > 0 ? std::min(fixed, range.size()) : guided_piece(range.size(), workers, rounds);
    if (word.compare_exchange_weak(seen, pack({range.begin + size, range.end}), std::memory_order_acq_rel)) {
      return Range{range.begin, range.begin + size};
    }
  }
}

// Static schedule: the k-th range of a worker's items; pieces of `chunk` in turn, or one part of all where that is 0.
inline std::optional<Range> static_range(std::uint64_t items, std::uint64_t chunk, std::uint64_t workers,
                                         std::uint64_t worker, std::uint64_t k) {
  if (chunk == 0) {
    const Range part = part_of(items, workers, worker);
    return k == 0 && part.size() > 0 ? std::optional(part) : std::nullopt;
  }
  const std::uint64_t piece = k * workers + worker;
  if (piece > (items - 1) / chunk || items == 0) return {};
  return Range{piece * chunk, std::min(items, (piece + 1) * chunk)};
}

}  // namespace concdemo::claims
