#pragma once
#include <omp.h>

#include <cstddef>
#include <vector>

namespace concdemo {

// Each thread runs work(part, begin, end) on its own contiguous part of [0, count). `work` must not throw.
template <class Work>
void for_each_part(std::size_t count, int threads, const Work& work) {
#pragma omp parallel num_threads(threads)
  {
    // The runtime may grant fewer threads than asked for.
    const auto parts = static_cast<std::size_t>(omp_get_num_threads());
    const auto part = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t base = count / parts;
    const std::size_t extra = count % parts;
    const std::size_t begin = part * base + (part < extra ? part : extra);
    work(part, begin, begin + base + (part < extra ? 1 : 0));
  }
}

// The same with a State of its own for each thread, add(state, begin, end); the states are merged in order.
template <class State, class Add>
State accumulate_parts(std::size_t count, int threads, const Add& add) {
  std::vector<State> states(static_cast<std::size_t>(threads));
  for_each_part(count, threads, [&](std::size_t part, std::size_t begin, std::size_t end) {
    State state;
    add(state, begin, end);
    states[part] = state;
  });
  for (std::size_t i = 1; i < states.size(); ++i) states[0].merge(states[i]);
  return states[0];
}

}  // namespace concdemo
