#pragma once
#include <chrono>
#include <utility>

namespace concdemo {

// Seconds of a monotonic clock.
inline double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Cuts time into laps, one after the other.
class Stopwatch {
 public:
  double lap_s() {
    const double now = now_s();
    return now - std::exchange(begun_s_, now);
  }

 private:
  double begun_s_ = now_s();
};

inline const double program_start_s = now_s();  // when this process began, but for loading its libraries

}  // namespace concdemo
