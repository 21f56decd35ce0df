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

// While one exists, such a signal is only noted, for a program that looks and then ends itself. One at a time, and not
// beside a RemovedOnSignal.
class NotedSignal {
 public:
  NotedSignal();
  ~NotedSignal();
  NotedSignal(const NotedSignal&) = delete;
  NotedSignal& operator=(const NotedSignal&) = delete;

  int get() const;  // the last one; 0 for none
  [[noreturn]] static void end_by(int signal);  // as if it had never been caught
};

}  // namespace concdemo
