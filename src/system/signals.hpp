#pragma once
#include <csignal>
#include <string>

namespace concdemo {

// While one exists, this thread and those it starts take no signals: they are for the main thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// While one exists, a signal that ends the process (TERM, INT, HUP, QUIT, USR1, USR2, ALRM, XCPU) first removes the
// file at `path`, when it is still the one that is open as `file`. One at a time in a process.
class RemovedOnSignal {
 public:
  RemovedOnSignal(const std::string& path, int file);
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

  int get() const;                              // the last one; 0 for none
  void stay() { stays_ = true; }                // until the process ends, which is now up to the caller
  [[noreturn]] static void end_by(int signal);  // as if it had never been caught

 private:
  bool stays_ = false;
};

}  // namespace concdemo
