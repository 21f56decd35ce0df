#include "lessons/mistake_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

[[noreturn]] void run_and_leave(const std::function<void()>& work, int output, double timeout_s) {
  for (const int number : {SIGABRT, SIGALRM, SIGTERM, SIGPIPE}) std::signal(number, SIG_DFL);  // MPI prints on SIGABRT
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  alarm(static_cast<unsigned>(std::ceil(timeout_s)) + 2);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  try {
    work();
  } catch (const std::exception& error) {
    write_line(error.what());
    _exit(1);
  }
  _exit(0);
}

// Everything until the child has closed its end, or the time is up.
void read_until_closed(int fd, double end_s, std::string& output) {
  std::array<char, 4096> buffer;
  for (;;) {
    const double left_s = end_s - now_s();
    if (left_s <= 0) return;
    pollfd readable{fd, POLLIN, 0};
    const int ready = poll(&readable, 1, static_cast<int>(std::ceil(1e3 * left_s)));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = ready < 0 ? -1 : read(fd, buffer.data(), buffer.size());
    if (got <= 0) return;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

void write_line(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) < 0) _exit(1);
}

ChildRun run_in_child(const std::function<void()>& work, double timeout_s) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw system_error("mistakes: cannot make a pipe: " + files::error_text(errno));
  }
  files::Descriptor from_child(ends[0]);
  files::Descriptor to_parent(ends[1]);
  const double begin_s = now_s();
  const pid_t child = fork();
  if (child < 0) {
    throw system_error("mistakes: cannot start a child process: " + files::error_text(errno) + "; see ulimit -u");
  }
  if (child == 0) run_and_leave(work, to_parent.get(), timeout_s);
  to_parent.close();

  ChildRun run;
  const double end_s = begin_s + timeout_s;
  read_until_closed(from_child.get(), end_s, run.output);
  int status = 0;
  rusage usage{};
  for (pid_t ended = 0; ended != child;) {
    ended = wait4(child, &status, WNOHANG, &usage);
    if (ended < 0 && errno != EINTR) throw system_error("mistakes: lost a child process: " + files::error_text(errno));
    if (ended == child) break;
    if (!run.timed_out && now_s() >= end_s) {
      run.timed_out = true;
      kill(child, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  run.elapsed_s = now_s() - begin_s;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  run.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) run.signal = WTERMSIG(status);
  return run;
}

}  // namespace concdemo
