#pragma once
#include <chrono>

namespace concdemo {

// Seconds of a monotonic clock.
inline double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline const double program_start_s = now_s();  // when this process began, but for loading its libraries

}  // namespace concdemo
