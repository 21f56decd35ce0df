// For power_cut.py, by LD_PRELOAD: what this process does to files and names under JOURNAL_FOLDER is appended to the
// file JOURNAL, a record each, when the call has succeeded; of a sync also when it begins, as it covers what had ended
// by then. The records of all processes stand in one order, in which each follows what it may depend on. What is not
// understood (a shared writable mapping, say) is recorded too, as "unknown", for the reader to refuse, who also holds
// what came of it all against the folder, and so knows that no call went past this. JOURNAL_KILL=K kills the process
// when it has done something of that kind, a letter below. JOURNAL_NODES=N makes that many nodes of the ranks: MPI's
// split by shared memory gives them, and records name them.
#include <fcntl.h>
#include <limits.h>
#include <mpi.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

// As power_cut.py's disk.py unpacks it; `path`, `other` and the data follow.
struct Record {
  char kind;
  char flag;  // write: 'd' durable when it returns, 'p' past the page cache; sync: 'b'egins, 'e'nds
  std::int16_t node;
  std::int32_t process;
  std::uint64_t inode;
  std::int64_t offset;
  std::uint32_t path_bytes, other_bytes;
  std::uint64_t data_bytes;
};

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr ? text : "";
}

int number(const char* name) { return std::atoi(variable(name).c_str()); }

int rank_by_launcher() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (!variable(name).empty()) return number(name);
  }
  return 0;
}

int ranks_by_launcher() { return std::max({1, number("OMPI_COMM_WORLD_SIZE"), number("PMI_SIZE")}); }

const std::string folder = variable("JOURNAL_FOLDER");
const int journal = folder.empty() ? -1
                                   : static_cast<int>(syscall(SYS_openat, AT_FDCWD, variable("JOURNAL").c_str(),
                                                              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
const int nodes = std::max(1, number("JOURNAL_NODES"));
const int node = rank_by_launcher() * nodes / ranks_by_launcher();

const std::string deadly = variable("JOURNAL_KILL");
const bool is_ready = journal >= 0;  // last: the loader and others call before all that is set

bool is_inside(const std::string& path) { return is_ready && (path + '/').starts_with(folder + '/'); }

void note(Record record, const std::string& path, const std::string& other = "", std::vector<iovec> data = {},
          std::size_t most = SIZE_MAX) {
  const int kept = errno;
  record.node = static_cast<std::int16_t>(node);
  record.process = static_cast<std::int32_t>(getpid());
  record.path_bytes = static_cast<std::uint32_t>(path.size());
  record.other_bytes = static_cast<std::uint32_t>(other.size());
  for (auto& part : data) {
    part.iov_len = std::min(part.iov_len, most);
    most -= part.iov_len;
    record.data_bytes += part.iov_len;
  }
  data.insert(data.begin(), {{&record, sizeof record},
                             {const_cast<char*>(path.data()), path.size()},
                             {const_cast<char*>(other.data()), other.size()}});
  std::size_t bytes = 0;
  for (const auto& part : data) bytes += part.iov_len;
  // In one call, as the records of others come in between two.
  if (data.size() > IOV_MAX || syscall(SYS_writev, journal, data.data(), data.size()) != static_cast<long>(bytes))
    abort();
  if (deadly == std::string(1, record.kind)) kill(getpid(), SIGKILL);
  errno = kept;
}

struct Open {
  std::string path;
  struct stat status {};
};

// Of an open file inside the folder; no path for any other.
Open opened(int fd) {
  Open open;
  if (!is_ready) return open;
  char path[PATH_MAX];
  const int kept = errno;
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  if (length > 0 && is_inside(std::string(path, static_cast<std::size_t>(length))) && fstat(fd, &open.status) == 0) {
    open.path.assign(path, static_cast<std::size_t>(length));
  }
  errno = kept;
  return open;
}

// The name itself is not followed, its folder is.
std::string full(int at, const char* path) {
  std::string name(path);
  if (name.empty()) return name;
  if (name.front() != '/') {
    name = (at == AT_FDCWD ? std::string("/proc/self/cwd/") : "/proc/self/fd/" + std::to_string(at) + "/") + name;
  }
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  const auto slash = name.find_last_of('/');
  const int kept = errno;
  char resolved[PATH_MAX];
  const bool found = realpath(name.substr(0, slash + 1).c_str(), resolved) != nullptr;
  errno = kept;
  return found ? std::string(resolved) + '/' + name.substr(slash + 1) : name;
}

void unknown(const char* call, const std::string& path) {
  if (is_inside(path)) note({'?', 0, 0, 0, 0, 0, 0, 0, 0}, path, call);
}

void unknown(const char* call, int fd) { unknown(call, opened(fd).path); }

int open_file(int at, const char* path, int flags, mode_t mode) {
  const bool makes = is_ready && (flags & O_CREAT) != 0;
  const std::string name = makes || (is_ready && (flags & O_TRUNC) != 0) ? full(at, path) : std::string();
  struct stat before {};
  const bool was_there = makes && lstat(name.c_str(), &before) == 0;
  const auto fd = static_cast<int>(syscall(SYS_openat, at, path, flags, mode));
  if (fd < 0) return fd;
  if ((flags & O_TMPFILE) == O_TMPFILE) unknown("O_TMPFILE", fd);
  if (!is_inside(name)) return fd;
  const auto inode = opened(fd).status.st_ino;
  if (makes && !was_there) note({'C', 0, 0, 0, inode, 0, 0, 0, 0}, name);
  if ((flags & O_TRUNC) != 0) note({'T', 0, 0, 0, inode, 0, 0, 0, 0}, name);
  return fd;
}

void wrote(int fd, const iovec* parts, int count, ssize_t written, off_t offset) {
  if (written <= 0) return;
  if ((fd == 1 || fd == 2) && is_ready) {
    return note({'P', 0, 0, 0, 0, fd, 0, 0, 0}, "", "", {parts, parts + count}, static_cast<std::size_t>(written));
  }
  const auto open = opened(fd);
  if (open.path.empty() || !S_ISREG(open.status.st_mode)) return;
  const int flags = fcntl(fd, F_GETFL);
  const char flag = (flags & O_DSYNC) != 0 ? 'd' : (flags & O_DIRECT) != 0 ? 'p' : 0;
  note({'W', flag, 0, 0, open.status.st_ino, offset, 0, 0, 0}, open.path, "", {parts, parts + count},
       static_cast<std::size_t>(written));
}

// write(), which moves the file's own place: with O_APPEND it is known afterwards only.
ssize_t write_on(int fd, const iovec* parts, int count) {
  const auto written = static_cast<ssize_t>(syscall(SYS_writev, fd, parts, count));
  const int kept = errno;
  wrote(fd, parts, count, written, fd <= 2 ? 0 : lseek(fd, 0, SEEK_CUR) - written);
  errno = kept;
  return written;
}

int synced(long call, int fd) {
  const auto open = opened(fd);
  const bool is_ours = !open.path.empty();
  if (is_ours) note({'S', 'b', 0, 0, open.status.st_ino, 0, 0, 0, 0}, open.path);
  const auto result = static_cast<int>(syscall(call, fd));
  if (is_ours && result == 0) note({'S', 'e', 0, 0, open.status.st_ino, 0, 0, 0, 0}, open.path);
  return result;
}

int resized(int result, int fd, char kind, off_t bytes) {
  const auto open = opened(fd);
  if (result == 0 && !open.path.empty()) note({kind, 0, 0, 0, open.status.st_ino, bytes, 0, 0, 0}, open.path);
  return result;
}

int named(int result, char kind, const std::string& path, const std::string& other = "") {
  if (result == 0 && (is_inside(path) || is_inside(other))) note({kind, 0, 0, 0, 0, 0, 0, 0, 0}, path, other);
  return result;
}

void ended(int status, void*) {
  if (is_ready) note({'X', 0, 0, 0, 0, status, 0, 0, 0}, "");
}

const int is_told = on_exit(ended, nullptr);

}  // namespace

extern "C" {

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  const auto written = static_cast<ssize_t>(syscall(SYS_pwritev, fd, parts, count, offset, 0));
  wrote(fd, parts, count, written, offset);
  return written;
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  const auto written = static_cast<ssize_t>(syscall(SYS_pwrite64, fd, bytes, count, offset));
  const iovec part{const_cast<void*>(bytes), count};
  wrote(fd, &part, 1, written, offset);
  return written;
}
ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  unknown("pwritev2", fd);
  return static_cast<ssize_t>(syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags));
}
ssize_t writev(int fd, const iovec* parts, int count) { return write_on(fd, parts, count); }
ssize_t write(int fd, const void* bytes, size_t count) {
  const iovec part{const_cast<void*>(bytes), count};
  return write_on(fd, &part, 1);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_file(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_file(at, path, flags, mode);
}
int creat(const char* path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }
int ftruncate(int fd, off_t bytes) noexcept {
  return resized(static_cast<int>(syscall(SYS_ftruncate, fd, bytes)), fd, 'T', bytes);
}
int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  if (mode != 0) unknown("fallocate with a mode", fd);
  return resized(static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, bytes)), fd, 'A', offset + bytes);
}

int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  const auto old_name = full(from_at, from), new_name = full(to_at, to);
  if ((flags & RENAME_EXCHANGE) != 0) unknown("renameat2 with an exchange", old_name);
  return named(static_cast<int>(syscall(SYS_renameat2, from_at, from, to_at, to, flags)), 'R', old_name, new_name);
}
int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char* from, const char* to) noexcept { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept {
  if (flags != 0) unknown("linkat with flags", full(to_at, to));
  const auto old_name = full(from_at, from), new_name = full(to_at, to);
  return named(static_cast<int>(syscall(SYS_linkat, from_at, from, to_at, to, flags)), 'L', old_name, new_name);
}
int link(const char* from, const char* to) noexcept { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int unlinkat(int at, const char* path, int flags) noexcept {
  const auto name = full(at, path);
  return named(static_cast<int>(syscall(SYS_unlinkat, at, path, flags)), 'U', name);
}
int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  return unlink(path) == 0 ? 0 : errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}
int mkdir(const char* path, mode_t mode) noexcept {
  return named(static_cast<int>(syscall(SYS_mkdirat, AT_FDCWD, path, mode)), 'M', full(AT_FDCWD, path));
}

void* mmap(void* address, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  if (fd >= 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0) unknown("a shared writable mapping", fd);
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, bytes, protection, flags, fd, offset));
}

// Names of the same calls where offsets are 64 bits wide anyway.
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char* path, int flags, ...) __attribute__((alias("openat")));
int creat64(const char* path, mode_t mode) __attribute__((alias("creat")));
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) __attribute__((alias("pwrite")));
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) __attribute__((alias("pwritev")));
ssize_t pwritev64v2(int, const iovec*, int, off64_t, int) __attribute__((alias("pwritev2")));
int ftruncate64(int fd, off64_t bytes) noexcept __attribute__((alias("ftruncate")));
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) __attribute__((alias("fallocate")));
void* mmap64(void*, size_t, int, int, int, off64_t) noexcept __attribute__((alias("mmap")));

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* part) {
  if (nodes == 1) return PMPI_Comm_split_type(comm, type, key, info, part);
  return PMPI_Comm_split(comm, node, key, part);
}

}  // extern "C"
