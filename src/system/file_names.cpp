#include "system/file_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace concdemo::files {
namespace {

constexpr const char* access_list = "system.posix_acl_access";

// The access list and what users noted; labels of security modules are those of the new file.
void copy_attributes(const std::string& path, int to) {
  const ssize_t bytes = ::llistxattr(path.c_str(), nullptr, 0);
  std::string names(bytes > 0 ? static_cast<std::size_t>(bytes) : 0, '\0');
  const ssize_t listed = ::llistxattr(path.c_str(), names.data(), names.size());
  names.resize(listed > 0 ? static_cast<std::size_t>(listed) : 0);
  for (std::size_t at = 0; at < names.size(); at += std::string_view(names.data() + at).size() + 1) {
    const char* name = names.data() + at;
    if (!std::string_view(name).starts_with("user.") && std::string_view(name) != access_list) continue;
    std::vector<char> value(std::size_t{1} << 16);  // the kernel's limit
    const ssize_t got = ::lgetxattr(path.c_str(), name, value.data(), value.size());
    if (got >= 0) ::fsetxattr(to, name, value.data(), static_cast<std::size_t>(got), 0);
  }
}

}  // namespace

int write_start(int fd, std::string_view text) {
  const int error = write_all(fd, std::as_bytes(std::span(text)), 0);
  return error == 0 ? sync_all(fd) : error;
}

int create_locked(const std::string& path, Descriptor& file) {
  Descriptor made;
  if (const int error = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, made)) return error;
  if (lock(made.get()) == EWOULDBLOCK || !is_at(made.get(), path)) return EEXIST;
  file = std::move(made);
  return 0;
}

int create(const std::string& path, std::string_view text, Descriptor& file) {
  Descriptor made;
  if (const int error = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, made)) return error;
  const int error = write_start(made.get(), text);
  if (error == 0) file = std::move(made);
  else remove(made.get(), path);
  return error;
}

int rename(const std::string& from, const std::string& to, bool replace) {
  if (!replace) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // A file system without it: a second name is refused where one is, too.
    if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0 ? 0 : errno;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
    struct stat there {};
    if (::lstat(to.c_str(), &there) == 0) return EEXIST;
  }
  return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int remove(int fd, const std::string& path) { return !is_at(fd, path) || ::unlink(path.c_str()) == 0 ? 0 : errno; }

void keep_permissions(const std::string& path, int to, mode_t more) {
  struct stat old {};
  struct stat mine {};
  if (::lstat(path.c_str(), &old) != 0 || !S_ISREG(old.st_mode) || ::fstat(to, &mine) != 0) return;
  mode_t mode = old.st_mode & 0777;  // nothing runs as somebody else because a result was replaced
  const bool keeps_group = old.st_gid == mine.st_gid || ::fchown(to, static_cast<uid_t>(-1), old.st_gid) == 0;
  if (!keeps_group) mode &= ~static_cast<mode_t>(0070) | ((mode & 0007) << 3);
  ::fremovexattr(to, access_list);  // that of the folder's new files
  copy_attributes(path, to);
  const bool has_mode = ::fchmod(to, mode | more) == 0;  // before it may be another's
  if (has_mode && old.st_uid != mine.st_uid) static_cast<void>(::fchown(to, old.st_uid, static_cast<gid_t>(-1)) == 0);
}

bool is_own(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

bool is_kept(const std::string& path) {
  std::error_code unused;
  const auto target = std::filesystem::canonical(path, unused).string();
  struct stat file {};
  struct stat folder {};
  if (::stat(target.c_str(), &file) != 0 || ::stat(folder_of(target).c_str(), &folder) != 0) return false;
  const auto me = ::geteuid();
  return (folder.st_mode & S_ISVTX) != 0 && me != 0 && file.st_uid != me && folder.st_uid != me;
}

}  // namespace concdemo::files
