#include "system/files.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

namespace concdemo::files {
namespace {

constexpr std::size_t call_bytes = std::size_t{1} << 30;  // Linux moves at most 2 GiB - 4 KiB a call

// Calls `call` until it is not interrupted; 0 or errno.
template <class Call>
int retry(Call call) {
  while (call() < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool fits(std::uint64_t bytes) { return bytes <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()); }

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() { close(); }
int Descriptor::close() {
  // Not retried: after EINTR Linux has closed it, and another thread may own the number by now.
  const int fd = std::exchange(fd_, -1);
  return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : errno;
}

std::string error_text(int error) {
  struct rlimit limit {};
  if (error != EMFILE || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::generic_category().message(error);
  return "too few file descriptors: ulimit -n is " + std::to_string(limit.rlim_cur) + "; raise it";
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int open(const std::string& path, int flags, Descriptor& file) {
  int fd = -1;
  const int error = retry([&] { return fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (error == 0) file = Descriptor(fd);
  return error;
}

int lock(int fd) {
  return retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); });
}

int hold(int fd, bool exclusive) {
  struct flock range {};  // from 0 to the end, wherever that is
  range.l_type = exclusive ? F_WRLCK : F_RDLCK;
  range.l_whence = SEEK_SET;
  const int error = retry([&] { return ::fcntl(fd, F_OFD_SETLK, &range); });
  return error == EACCES ? EAGAIN : error;
}

bool is_nfs(int fd) {
  struct statfs status {};
  return ::fstatfs(fd, &status) == 0 && status.f_type == NFS_SUPER_MAGIC;
}

bool is_at(int fd, const std::string& path) {
  struct stat mine {};
  struct stat there {};
  return ::fstat(fd, &mine) == 0 && ::lstat(path.c_str(), &there) == 0 && mine.st_dev == there.st_dev &&
         mine.st_ino == there.st_ino;
}

int size_of(int fd, std::uint64_t& bytes) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode)) return ENOTSUP;
  bytes = static_cast<std::uint64_t>(status.st_size);
  return 0;
}

std::uint64_t allocated_bytes(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

int write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  std::vector<iovec> parts;
  if (!bytes.empty()) parts.push_back({const_cast<std::byte*>(bytes.data()), bytes.size()});
  return write_gathered(fd, parts, offset);
}

int write_gathered(int fd, std::vector<iovec>& parts, std::uint64_t offset) {
  for (std::size_t first = 0; first < parts.size();) {
    if (!fits(offset)) return EFBIG;
    const auto count = std::min<std::size_t>(parts.size() - first, IOV_MAX);
    const ssize_t written = ::pwritev(fd, parts.data() + first, static_cast<int>(count), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return EIO;  // would loop for ever
    offset += static_cast<std::uint64_t>(written);
    auto rest = static_cast<std::size_t>(written);
    for (; first < parts.size() && rest >= parts[first].iov_len; ++first) rest -= parts[first].iov_len;
    if (rest == 0) continue;
    parts[first].iov_base = static_cast<std::byte*>(parts[first].iov_base) + rest;
    parts[first].iov_len -= rest;
  }
  return 0;
}

int open_direct(int fd, Descriptor& direct) {
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return errno;
  const int flags = ::fcntl(fd, F_GETFL);
  const bool is_measured = status.f_type == EXT4_SUPER_MAGIC || status.f_type == XFS_SUPER_MAGIC;
  if (!is_measured || flags < 0 || (flags & O_DSYNC) != 0) return EOPNOTSUPP;
  return open("/proc/self/fd/" + std::to_string(fd), O_WRONLY | O_DIRECT, direct);
}

std::size_t write_some(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes.size() && fits(offset + done)) {
    const iovec part{const_cast<std::byte*>(bytes.data()) + done, std::min(bytes.size() - done, call_bytes)};
    const ssize_t written = ::pwritev(fd, &part, 1, static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  return done;
}

int append(int fd, std::span<const std::byte> bytes) {
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == bytes.size() ? 0 : ENOSPC;
}

int read_all(int fd, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) {
  got = 0;
  while (got < bytes.size() && fits(offset + got)) {
    const auto length = std::min(bytes.size() - got, call_bytes);
    const ssize_t read = ::pread(fd, bytes.data() + got, length, static_cast<off_t>(offset + got));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return errno;
    if (read == 0) break;
    got += static_cast<std::size_t>(read);
  }
  return 0;
}

std::uint64_t next_data(int fd, std::uint64_t offset) {
  constexpr auto nowhere = std::numeric_limits<std::uint64_t>::max();
  if (!fits(offset)) return nowhere;
  const off_t data = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO ? nowhere : offset;
  return static_cast<std::uint64_t>(data);
}

int copy_sparse(int from, int to, std::uint64_t first, std::uint64_t end) {
  std::vector<std::byte> buffer(std::size_t{1} << 16);
  for (std::uint64_t at = first; at < end;) {
    off_t begin = ::lseek(from, static_cast<off_t>(at), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return 0;      // only holes follow
    if (begin < 0) begin = static_cast<off_t>(at);  // holes unknown to this file system: copy all
    off_t hole = ::lseek(from, begin, SEEK_HOLE);
    if (hole < 0) hole = static_cast<off_t>(end);
    const auto stop = std::min(end, static_cast<std::uint64_t>(hole));
    for (at = static_cast<std::uint64_t>(begin); at < stop;) {
      std::size_t got = 0;
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), stop - at));
      const auto piece = std::span(buffer).first(length);
      if (const int error = read_all(from, piece, at, got)) return error;
      if (got < length) return EIO;
      if (const int error = write_all(to, piece, at)) return error;
      at += length;
    }
  }
  return 0;
}

int resize(int fd, std::uint64_t bytes) {
  if (!fits(bytes)) return EFBIG;
  return retry([&] { return ::ftruncate(fd, static_cast<off_t>(bytes)); });
}

int reserve(int fd, std::uint64_t bytes, bool& reserved) {
  reserved = false;
  if (!fits(bytes)) return EFBIG;
  // fallocate refuses an empty range.
  const int error = bytes == 0 ? 0 : retry([&] { return ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)); });
  reserved = error == 0;
  return error == EOPNOTSUPP || error == ENOSYS ? 0 : error;
}

int start_writeback(int fd, std::uint64_t offset, std::uint64_t bytes) {
  return retry([&] {
    return ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  });
}

int sync_data(int fd) {
  return retry([&] { return ::fdatasync(fd); });
}

int sync_all(int fd) {
  return retry([&] { return ::fsync(fd); });
}

int sync_folder(const std::string& folder) {
  Descriptor file;
  if (const int error = open(folder, O_RDONLY | O_DIRECTORY, file)) return error;
  const int error = sync_all(file.get());
  return error == EINVAL ? 0 : error;  // a file system without it
}

std::optional<std::uint64_t> free_bytes(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0 || status.f_blocks == 0) return std::nullopt;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::optional<std::uint64_t> size_limit() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

void ignore_size_signal() { std::signal(SIGXFSZ, SIG_IGN); }

}  // namespace concdemo::files
