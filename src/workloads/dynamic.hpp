#pragma once
#include <algorithm>

#include "pool/rank_pool.hpp"
#include "workloads/parts.hpp"

// --schedule dynamic: a reduction's blocks are items of a pool over all ranks and threads. Whoever claims a block loads it
// and reduces it, so the time includes generating or reading; an exact state makes the same bits of any order.
namespace concdemo {

class DynamicBlocks {
 public:
  // Collective. `context` and `problem` outlive it.
  DynamicBlocks(const Context& context, const Problem& problem)
      : problem_(problem), pool_(context.comm, {.threads = context.threads}) {}

  // Collective: reduce(parts, 1) of each block, one array an operand, merged over all.
  template <class State, class Reduce>
  State reduce(Reduce reduce_block) {
    const std::uint64_t elements = element_count(problem_.size);
    const std::uint64_t block = std::clamp<std::uint64_t>(elements / 256, 1 << 12, 1 << 18);
    const auto of_block = [&](std::uint64_t i) {
      LoadCounts ignored;
      const auto parts = load_block(problem_, {i * block, std::min(elements, (i + 1) * block)}, 1, ignored);
      return State(reduce_block(parts));
    };
    return pool_.map_reduce<State>(Indices{(elements + block - 1) / block}, of_block,
                                   [](const State& in, State& inout) { inout.merge(in); }, State{}, {.chunk = 1});
  }

 private:
  const Problem& problem_;
  RankPool pool_;
};

}  // namespace concdemo
