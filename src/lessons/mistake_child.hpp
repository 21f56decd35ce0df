#pragma once
#include <functional>
#include <string>

namespace concdemo {

// How a child process ended and what it printed.
struct ChildRun {
  std::string output;      // its stdout and stderr
  bool timed_out = false;  // it was killed by us
  int exit_code = -1;      // when it left by itself
  int signal = 0;          // when it was killed by a signal
  double elapsed_s = 0;
  double cpu_s = 0;  // user and system time of all its threads
  bool succeeded() const { return !timed_out && exit_code == 0; }
};

// Runs `work` in a copy of this process, which then leaves at once, as a program does that returns from main: threads
// that are still there end with it. Only the calling thread is copied: `work` may use std and write_line(), no MPI and
// no OpenMP. It is killed after timeout_s, or a little later by itself should this process be gone.
// Throws system Error when there can be no child.
ChildRun run_in_child(const std::function<void()>& work, double timeout_s);

// A line to standard output, in one write.
void write_line(const std::string& line);

}  // namespace concdemo
