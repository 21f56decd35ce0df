#pragma once
#include <cstdint>
#include <functional>

#include "pool/claims.hpp"
#include "system/mpi.hpp"

namespace concdemo {

// Between nodes: the leader of each node keeps its node's range filled, with pieces that the first leader hands out.
struct Dispatch {
  const mpi::Comm& leaders;   // one rank of each node
  claims::NodeState& node;    // of this rank's node
  std::uint64_t units = 0;    // to hand out in all
  std::uint64_t unit = 1;     // items
  std::uint64_t fixed = 0;    // units of a piece; 0: guided
  std::uint64_t workers = 1;  // of this rank's node
};

// Called by the leaders' main threads while the workers run; returns when this node's workers will find nothing more,
// on the first leader when no other will ask. `begun`: for the first leader, units begun so far, now and then.
void dispatch(const Dispatch& call, const std::function<void(std::uint64_t begun)>& begun);

}  // namespace concdemo
