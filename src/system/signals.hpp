#pragma once
#include <string>

namespace concdemo {

// While one exists, a signal that ends the process (TERM, INT, HUP, QUIT, USR1, USR2, ALRM, XCPU) first removes the file. One at a
// time in a process.
class RemovedOnSignal {
 public:
  explicit RemovedOnSignal(const std::string& path);
  ~RemovedOnSignal();
  RemovedOnSignal(const RemovedOnSignal&) = delete;
  RemovedOnSignal& operator=(const RemovedOnSignal&) = delete;
};

}  // namespace concdemo
