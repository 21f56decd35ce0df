#pragma once
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// POSIX files. Functions that return int return 0 or an errno value, throw nothing and may be called by any thread; the
// caller, who knows which file and why, makes the message. Offsets and sizes are bytes.
namespace concdemo::files {

// Owns an open file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int close();  // 0 when nothing was open

 private:
  int fd_ = -1;
};

std::string error_text(int error);               // "No space left on device"
std::string folder_of(const std::string& path);  // "." for a bare name

int open(const std::string& path, int flags, Descriptor& file);  // new files: 0666 less umask
int lock(int fd);  // exclusive, until closed; EWOULDBLOCK when another process holds it
// Locks of an open file description on a whole file, which die with its last descriptor; a file is held by one
// exclusive or any number of shared ones. EAGAIN when others are in the way. The same call turns one kind into the
// other at once.
int hold(int fd, bool exclusive);
bool is_at(int fd, const std::string& path);  // whether `path` still names this very file
int size_of(int fd, std::uint64_t& bytes);
std::uint64_t allocated_bytes(int fd);  // on the disk or reserved there; 0 where that is not known

int write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset);
int write_gathered(int fd, std::vector<iovec>& parts, std::uint64_t offset);  // one after another; uses up `parts`
// The same file once more, to be written past the page cache by whole pages from whole pages of memory. Only where that
// was measured to be better: local ext4 and XFS, not opened O_DSYNC; else EOPNOTSUPP, or why the system refused.
int open_direct(int fd, Descriptor& direct);
std::size_t write_some(int fd, std::span<const std::byte> bytes,
                       std::uint64_t offset);          // until one fails: bytes written
int append(int fd, std::span<const std::byte> bytes);  // in one write; ENOSPC when it was cut short
// Fills `bytes` as far as the file goes; `got` < bytes.size() only at the end of the file or on error.
int read_all(int fd, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got);
// Where the next bytes at or after `offset` are that are no hole: `offset` itself where holes are not known, 2^64 - 1
// when only a hole or the end of the file follows.
std::uint64_t next_data(int fd, std::uint64_t offset);
int copy_sparse(int from, int to, std::uint64_t first, std::uint64_t end);  // copies data in [first, end), skips holes

int resize(int fd, std::uint64_t bytes);
int reserve(int fd, std::uint64_t bytes, bool& reserved);  // never by writing; 0 where the file system cannot, too
int start_writeback(int fd, std::uint64_t offset, std::uint64_t bytes);  // a hint: promises nothing
int sync_data(int fd);
int sync_all(int fd);
int sync_folder(const std::string& folder);

bool is_nfs(int fd);
std::optional<std::uint64_t> free_bytes(const std::string& folder);  // for this user; none where unknown
std::optional<std::uint64_t> size_limit();                           // RLIMIT_FSIZE; none when unlimited
void ignore_size_signal();  // a write beyond the limit fails with EFBIG instead of ending the process

}  // namespace concdemo::files
