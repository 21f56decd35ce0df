#include "format/helper_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/error.hpp"

namespace concdemo {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::string why_foreign(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return fmt::format("it is {}, not a regular file", kind_of(status.st_mode));
  if (status.st_uid != ::geteuid()) return fmt::format("it belongs to another user ({})", status.st_uid);
  if (status.st_nlink > 1) return fmt::format("it has {} other name(s), by hard links", status.st_nlink - 1);
  return "";
}

}  // namespace

files::Descriptor open_helper(const std::string& path, int flags, const WhyForeign& why_not_ours) {
  const auto refuse = [&](const std::string& why) {
    if (why.empty()) return;
    throw usage_error(
        fmt::format("{} is in the way and not ours: {}; move it away, or name another output", path, why));
  };
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};  // what else is wrong with the place shows when it is made
  refuse(why_foreign(status));                         // before it is opened, which some things notice
  files::Descriptor file;
  const int error = files::open(path, flags | O_NOFOLLOW | O_NONBLOCK, file);
  if (error == ENOENT) return {};
  if (error != 0) refuse("it cannot be opened: " + files::error_text(error));
  if (::fstat(file.get(), &status) != 0) refuse("it cannot be looked at: " + files::error_text(errno));
  if (status.st_nlink == 0) return {};  // removed in between
  refuse(why_foreign(status));
  refuse(why_not_ours(file.get()));
  return file;
}

bool bears(int file, std::string_view mark) {
  std::string found(mark.size() + 1, '\0');
  std::size_t got = 0;
  if (files::read_all(file, std::as_writable_bytes(std::span(found)), 0, got) != 0) return false;
  const auto start = std::string_view(found).substr(0, std::min(got, mark.size()));
  if (start == mark) return true;
  const auto is_torn = [](char is, char should) { return is == '\0' || is == should; };
  return got <= mark.size() && std::equal(start.begin(), start.end(), mark.begin(), is_torn);
}

}  // namespace concdemo
