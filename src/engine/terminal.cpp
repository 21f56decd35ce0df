#include "engine/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace concdemo {
namespace {

bool write_all(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t written = ::write(fd, text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

void print(const std::string& text) {
  if (!write_all(1, text)) throw system_error("cannot write to standard output; is the disk full or the pipe closed?");
}

void message(const std::string& text) { write_all(2, "concdemo: " + text + "\n"); }

bool stderr_is_watched() {
  if (isatty(2)) return true;
  // A launcher hands its processes a pipe or a terminal of its own; a file is where the person wanted the text.
  struct stat status {};
  const bool launched = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
  if (!launched || fstat(2, &status) != 0 || S_ISREG(status.st_mode)) return false;
  const std::string path = "/proc/" + std::to_string(getppid()) + "/fd/2";
  if (stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return false;
  const int fd = open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  const bool terminal = isatty(fd) != 0;
  close(fd);
  return terminal;
}

void draw(const std::string& text) { write_all(2, text); }

int terminal_columns() {
  struct winsize size {};
  return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

Progress::Progress(ProgressMode mode, bool is_root) {
  if (!is_root || mode == ProgressMode::off) return;
  terminal_ = stderr_is_watched();
  plain_ = !terminal_ && mode == ProgressMode::on;
}

Progress::~Progress() { clear(); }

void Progress::show(const std::string& phase) {
  if (terminal_) {
    write_all(2, "\r\033[K" + phase + " ...");
    dirty_ = true;
  } else if (plain_ && now_s() - last_s_ >= 60) {
    message(phase);
    last_s_ = now_s();
  }
}

void Progress::clear() {
  if (dirty_) write_all(2, "\r\033[K");
  dirty_ = false;
}

}  // namespace concdemo
