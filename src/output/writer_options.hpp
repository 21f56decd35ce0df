#pragma once
#include <vector>

namespace concdemo {

struct WriterOptions {
  bool async = true;        // false: the caller does the writing (the same bytes)
  int ring_depth = 64;      // pieces of work under way before the caller waits
  std::vector<int> cpus{};  // where the I/O thread may run; empty: where the main thread may
  bool reserve = true;      // take the whole file's space before the first write
};

}  // namespace concdemo
