#pragma once
#include <omp.h>

#include <cstddef>
#include <vector>

namespace concdemo {

// Each thread runs add(state, begin, end) on its own contiguous part of [0, count) and its own State; the states are
// merged in order. `add` must not throw.
template <class State, class Add>
State accumulate_parts(std::size_t count, int threads, Add add) {
  std::vector<State> states(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
  {
    // The runtime may grant fewer threads than asked for.
    const auto parts = static_cast<std::size_t>(omp_get_num_threads());
    const auto part = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t base = count / parts;
    const std::size_t extra = count % parts;
    const std::size_t begin = part * base + (part < extra ? part : extra);
    State state;
    add(state, begin, begin + base + (part < extra ? 1 : 0));
    states[part] = state;
  }
  for (std::size_t i = 1; i < states.size(); ++i) states[0].merge(states[i]);
  return states[0];
}

}  // namespace concdemo
