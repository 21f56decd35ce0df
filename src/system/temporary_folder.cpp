#include "system/temporary_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace concdemo {
namespace {

constexpr std::string_view beginning = "concdemo-tmp-", pattern = "XXXXXX";
constexpr const char* mark = "/.concdemo-owner";  // the file that its owner holds locked

bool is_our_name(std::string_view name) {
  return name.starts_with(beginning) && name.size() == beginning.size() + pattern.size();
}

void remove(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

// Whoever holds the lock removes the folder: its owner, or one of those that find it without one.
void remove_if_abandoned(const std::string& folder) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return;
  files::Descriptor file;
  const int error = files::open(folder + mark, O_RDWR | O_NOFOLLOW | O_NONBLOCK, file);
  if (error == ENOENT) ::rmdir(folder.c_str());  // its owner died before it wrote anything; with files it is not ours
  if (error != 0 || files::lock(file.get()) != 0 || !files::is_at(file.get(), folder + mark)) return;
  remove(folder);
}

}  // namespace

std::string TemporaryFolder::default_base() {
  const char* own = std::getenv("TMPDIR");
  return own != nullptr && *own != '\0' ? own : "/tmp";
}

void TemporaryFolder::remove_abandoned(const std::string& base) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(base, error), end; !error && entry != end; entry.increment(error)) {
    if (is_our_name(entry->path().filename().string())) remove_if_abandoned(entry->path().string());
  }
}

TemporaryFolder::TemporaryFolder(const std::string& base) {
  while (!lock_.valid()) {
    path_ = fmt::format("{}/{}{}", base, beginning, pattern);
    if (::mkdtemp(path_.data()) == nullptr) {
      const int error = errno;
      const std::string text =
          fmt::format("cannot make a temporary folder in {}: {}; TMPDIR names another", base, files::error_text(error));
      throw error == ENOSPC || error == EDQUOT || error == EMFILE ? system_error(text) : usage_error(text);
    }
    const int error = files::open(path_ + mark, O_RDWR | O_CREAT | O_EXCL, lock_);
    if (error == ENOENT) continue;  // another process took it for an abandoned one
    if (error != 0) {
      remove(path_);
      throw system_error(
          fmt::format("cannot write to {}: {}; TMPDIR names another folder", path_, files::error_text(error)));
    }
    // Where the file system has no locks, nobody else gets one either, and nothing is removed there.
    if (files::lock(lock_.get()) == EWOULDBLOCK || !files::is_at(lock_.get(), path_ + mark))
      lock_ = files::Descriptor();
  }
}

TemporaryFolder::~TemporaryFolder() { remove(path_); }

}  // namespace concdemo
