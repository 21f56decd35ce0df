#include "system/hdf5_crash.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/error.hpp"
#include "base/launcher.hpp"
#include "base/printable.hpp"

namespace concdemo::hdf5 {
namespace {

constexpr std::array crash_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, crash_signals.size()> actions_before;
thread_local const char* guarded = nullptr;
volatile std::sig_atomic_t file_was_damaged = 0;

const bool first_rank = is_first_copy(std::getenv);

extern "C" void crashed(int signal) {
  // What is damaged is said already, and HDF5 may still stumble over it when it ends.
  if (guarded == nullptr && file_was_damaged != 0) ::_exit(static_cast<int>(ExitCode::usage));
  if (guarded == nullptr) {
    for (std::size_t i = 0; i < crash_signals.size(); ++i) {
      if (crash_signals[i] == signal) ::sigaction(signal, &actions_before[i], nullptr);
    }
    ::raise(signal);
    return;
  }
  // The launcher ends the job as soon as one rank has left.
  const timespec others_turn{first_rank ? 0 : 1, 0};
  ::nanosleep(&others_turn, nullptr);
  const auto written = ::write(STDERR_FILENO, guarded, std::strlen(guarded));
  static_cast<void>(written);
  ::_exit(static_cast<int>(ExitCode::usage));
}

// A crash may be that of a stack without room for a handler.
class HandlerStack {
 public:
  HandlerStack() {
    stack_t stack{};
    if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) return;
    room_ = std::make_unique<std::byte[]>(bytes);
    stack = {};
    stack.ss_sp = room_.get();
    stack.ss_size = bytes;
    ::sigaltstack(&stack, nullptr);
  }
  ~HandlerStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    if (room_ != nullptr) ::sigaltstack(&none, nullptr);
  }
  HandlerStack(const HandlerStack&) = delete;
  HandlerStack& operator=(const HandlerStack&) = delete;

 private:
  static constexpr std::size_t bytes = 64 * 1024;
  std::unique_ptr<std::byte[]> room_;
};

// Others set handlers too: MPI when it starts.
void catch_crashes() {
  for (std::size_t i = 0; i < crash_signals.size(); ++i) {
    struct sigaction now {};
    ::sigaction(crash_signals[i], nullptr, &now);
    if (now.sa_handler == crashed) continue;
    struct sigaction action {};
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    ::sigaction(crash_signals[i], &action, &actions_before[i]);
  }
}

void prepare_thread() {
  thread_local const HandlerStack stack;
  sigset_t crashes;
  sigemptyset(&crashes);
  for (const int signal : crash_signals) sigaddset(&crashes, signal);
  pthread_sigmask(SIG_UNBLOCK, &crashes, nullptr);
}

}  // namespace

CrashGuard::CrashGuard(const std::string& what)
    : before_(guarded),
      message_("concdemo: " + printable(what.substr(0, 1000)) +
               " is damaged: HDF5 crashes when it reads it; copy it again\n") {
  catch_crashes();
  thread_local const bool prepared = (prepare_thread(), true);
  static_cast<void>(prepared);
  guarded = message_.c_str();
}

CrashGuard::~CrashGuard() { guarded = before_; }

void expect_crash_at_end() { file_was_damaged = 1; }

}  // namespace concdemo::hdf5
