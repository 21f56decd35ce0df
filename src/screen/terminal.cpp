#include "screen/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"

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

std::mutex line_mutex;  // guards line_stands, and the order of a line and what erases it
bool line_stands = false;
constexpr const char* erasing = "\r\033[K";

std::string erased_first(const std::string& text) { return std::exchange(line_stands, false) ? erasing + text : text; }

// The launcher on this host, as /proc names it: the parent, or where MPICH's put a proxy between, the proxy's parent.
std::string launcher_process() {
  std::string process = std::to_string(getppid());
  std::string name, stat;
  std::getline(std::ifstream("/proc/" + process + "/comm"), name);
  if (name != "hydra_pmi_proxy") return process;
  std::getline(std::ifstream("/proc/" + process + "/stat"), stat);  // "PID (NAME) STATE PARENT ..."
  std::istringstream rest(stat.substr(stat.rfind(')') + 1));
  rest >> name >> process;
  return process;
}

}  // namespace

void print(const std::string& text) {
  erase_line();
  if (!write_all(1, printable_lines(text)))
    throw system_error("cannot write to standard output; is the disk full or the pipe closed?");
}

void message(const std::string& text) { message_lines(printable(text)); }

void message_lines(const std::string& text) {
  const std::lock_guard lock(line_mutex);
  write_all(2, erased_first("concdemo: " + printable_lines(text) + "\n"));
}

bool stderr_is_watched() {
  if (isatty(2)) return true;
  // A launcher hands its processes a pipe or a terminal of its own; a file is where the person wanted the text.
  struct stat status {};
  const bool launched = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
  if (!launched || fstat(2, &status) != 0 || S_ISREG(status.st_mode)) return false;
  const std::string path = "/proc/" + launcher_process() + "/fd/2";
  if (stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return false;
  const int fd = open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  const bool terminal = isatty(fd) != 0;
  close(fd);
  return terminal;
}

void draw_line(const std::string& text) {
  const std::string line = printable(text);
  std::string cut = line.substr(0, static_cast<std::size_t>(std::max(terminal_columns() - 5, 1)));
  while (cut.size() < line.size() && !cut.empty() && (line[cut.size()] & 0xC0) == 0x80)
    cut.pop_back();  // whole letters
  const std::lock_guard lock(line_mutex);
  line_stands = true;
  write_all(2, erasing + cut + " ...");
}

void erase_line() {
  const std::lock_guard lock(line_mutex);
  if (const auto text = erased_first(""); !text.empty()) write_all(2, text);
}

void draw(const std::string& text) { write_all(2, text); }

int terminal_columns() {
  struct winsize size {};
  return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace concdemo
