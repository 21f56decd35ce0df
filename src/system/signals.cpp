#include "system/signals.hpp"

#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstring>

namespace concdemo {
namespace {

constexpr std::array ending_signals{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU};
std::array<struct sigaction, ending_signals.size()> before;
std::array<char, PATH_MAX> doomed;  // a handler may neither allocate nor lock

extern "C" void remove_and_end(int signal) {
  unlink(doomed.data());
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
}

}  // namespace

RemovedOnSignal::RemovedOnSignal(const std::string& path) {
  if (path.size() >= doomed.size()) return;
  std::memcpy(doomed.data(), path.c_str(), path.size() + 1);
  struct sigaction action {};
  action.sa_handler = remove_and_end;
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    sigaction(ending_signals[i], nullptr, &before[i]);
    // A signal that the parent had ignored (nohup) stays ignored.
    if (before[i].sa_handler != SIG_IGN) sigaction(ending_signals[i], &action, nullptr);
  }
}

RemovedOnSignal::~RemovedOnSignal() {
  for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &before[i], nullptr);
}

}  // namespace concdemo
