#include "output/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "format/helper_file.hpp"
#include "system/file.hpp"
#include "system/file_names.hpp"

namespace concdemo {
namespace {

constexpr std::string_view mark = "concdemo lock 1: held by the run that writes the file it is named after\n";

std::string why_no_lock(int file) { return bears(file, mark) ? "" : "it is no lock of concdemo"; }

// Not synced: a power cut leaves the mark or a part of it, and both are known as ours.
int make(const std::string& path, files::Descriptor& file) {
  int error = files::open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, file);
  if (error != 0) return error;
  error = files::write_all(file.get(), std::as_bytes(std::span(mark)), 0);
  if (error != 0) files::remove(file.get(), path);
  return error;
}

// 0 where the file system has no locks: nothing can be held there.
int hold_if_possible(int file, bool exclusive) {
  const int error = files::hold(file, exclusive);
  return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL ? 0 : error;
}

Error refusal(const std::string& path, int error) {
  if (error == EAGAIN) {
    return usage_error(fmt::format("another run holds {}; wait for its end, or name another file", path));
  }
  return usage_error(
      fmt::format("cannot lock {}: {}; name a file in a folder that you may write", path, files::error_text(error)));
}

}  // namespace

std::string lock_path(const std::string& target) { return target + ".lock"; }

void RunLock::require_place(const std::string& target) { open_helper(lock_path(target), O_RDONLY, why_no_lock); }

RunLock RunLock::take(const std::string& target) {
  RunLock lock;
  lock.path_ = lock_path(target);
  while (true) {
    const int error = files::at_point("lock", "locking " + lock.path_, [&] {
      lock.file_ = open_helper(lock.path_, O_RDWR, why_no_lock);
      if (!lock.file_.valid()) files::require(make(lock.path_, lock.file_));
      files::require(hold_if_possible(lock.file_.get(), true));
    });
    if (error == EEXIST) continue;  // another run was faster
    if (error != 0) throw refusal(lock.path_, error);
    if (!files::is_at(lock.file_.get(), lock.path_)) continue;  // its last owner removed it between our two calls
    if (const int shared = hold_if_possible(lock.file_.get(), false)) throw refusal(lock.path_, shared);
    return lock;
  }
}

RunLock RunLock::join(const std::string& target) {
  RunLock lock;
  lock.path_ = lock_path(target);
  int error = files::open(lock.path_, O_RDWR | O_NOFOLLOW | O_NONBLOCK, lock.file_);
  if (error == 0) error = hold_if_possible(lock.file_.get(), false);
  if (error != 0) throw refusal(lock.path_, error);
  return lock;
}

void RunLock::remove() { files::remove(file_.get(), path_); }

}  // namespace concdemo
