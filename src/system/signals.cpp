#include "system/signals.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>

namespace concdemo {
namespace {

constexpr std::array ending_signals{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU};
std::array<struct sigaction, ending_signals.size()> before;
std::array<char, PATH_MAX> doomed;  // a handler may neither allocate nor lock
struct stat doomed_status;

std::atomic<int> noted{0};

extern "C" void note(int signal) { noted = signal; }

extern "C" void remove_and_end(int signal) {
  struct stat there {};
  if (lstat(doomed.data(), &there) == 0 && there.st_dev == doomed_status.st_dev &&
      there.st_ino == doomed_status.st_ino) {
    unlink(doomed.data());
  }
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
}

void catch_all(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    sigaction(ending_signals[i], nullptr, &before[i]);
    // A signal that the parent had ignored (nohup) stays ignored.
    if (before[i].sa_handler != SIG_IGN) sigaction(ending_signals[i], &action, nullptr);
  }
}

void catch_as_before() {
  for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &before[i], nullptr);
}

}  // namespace

RemovedOnSignal::RemovedOnSignal(const std::string& path, int file) {
  if (path.size() >= doomed.size() || fstat(file, &doomed_status) != 0) return;
  std::memcpy(doomed.data(), path.c_str(), path.size() + 1);
  catch_all(remove_and_end);
}

RemovedOnSignal::~RemovedOnSignal() { catch_as_before(); }

NotedSignal::NotedSignal() {
  noted = 0;
  catch_all(note);
}

NotedSignal::~NotedSignal() {
  if (!stays_) catch_as_before();
}

int NotedSignal::get() const { return noted; }

void NotedSignal::end_by(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
  _exit(128 + signal);  // it was blocked
}

}  // namespace concdemo
