#include "engine/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"

namespace concdemo {
namespace {

// 0 where the file system has no locks: nothing can be held there.
int hold_if_possible(int file, bool exclusive) {
  const int error = files::hold(file, exclusive);
  return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL ? 0 : error;
}

Error refusal(const std::string& path, int error) {
  if (error == EAGAIN) {
    return usage_error(fmt::format("another run holds {}; wait for its end, or name another file", path));
  }
  return usage_error(fmt::format("cannot lock {}: {}; name a file in a folder that you may write", path,
                                 files::error_text(error)));
}

}  // namespace

RunLock RunLock::take(const std::string& target) {
  RunLock lock;
  lock.path_ = target + ".lock";
  while (true) {
    activity::at("locking " + lock.path_);
    int error = fault::at("lock");
    if (error == 0) error = files::open(lock.path_, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, lock.file_);
    if (error == 0) error = hold_if_possible(lock.file_.get(), true);
    if (error != 0) throw refusal(lock.path_, error);
    if (!files::is_at(lock.file_.get(), lock.path_)) continue;  // its last owner removed it between our two calls
    if (const int shared = hold_if_possible(lock.file_.get(), false)) throw refusal(lock.path_, shared);
    return lock;
  }
}

RunLock RunLock::join(const std::string& target) {
  RunLock lock;
  lock.path_ = target + ".lock";
  int error = files::open(lock.path_, O_RDWR | O_NOFOLLOW | O_NONBLOCK, lock.file_);
  if (error == 0) error = hold_if_possible(lock.file_.get(), false);
  if (error != 0) throw refusal(lock.path_, error);
  return lock;
}

void RunLock::remove() { ::unlink(path_.c_str()); }

}  // namespace concdemo
