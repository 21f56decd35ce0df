#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "kernels/matrix.hpp"
#include "system/files.hpp"

namespace concdemo::files {

// Says what the calling thread is at (base/activity.hpp), comes to a fault's point (base/fault.hpp) and does the work,
// which ends at the first require() of an error. 0 or that errno value; other exceptions leave.
int at_point(const char* point, const std::string& doing, const std::function<void()>& work);
void require(int error);  // in such work: of 0 nothing

// An open file under the name that messages give it. What fails throws system Error, which says what, where and why;
// each call comes to a fault's `point`.
class File {
 public:
  File() = default;
  File(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}
  static File open(const std::string& path, int flags);

  int get() const { return descriptor_.get(); }
  bool valid() const { return descriptor_.valid(); }
  const std::string& path() const { return path_; }
  std::uint64_t size() const;

  void write(std::span<const std::byte> bytes, std::uint64_t offset, const char* point) const;
  // The same by a call of the caller's that writes there: 0 or errno.
  void write_by(const std::function<int()>& call, std::uint64_t offset, const char* point) const;

  void read(std::span<std::byte> bytes, std::uint64_t offset, const char* point) const;  // all of them
  // A block of a matrix of float64 whose rows of `columns` elements lie one after another; its first one at `offset`.
  void read(const MatrixSpan& block, std::uint64_t columns, std::uint64_t offset, const char* point) const;

  void sync_data(const char* point) const { sync_by(files::sync_data, "fdatasync", point); }
  void sync_all(const char* point) const { sync_by(files::sync_all, "fsync", point); }
  void close();

 private:
  void sync_by(int (*call)(int fd), const char* name, const char* point) const;
  Descriptor descriptor_;
  std::string path_;
};

// Until then a power cut may undo what was made, renamed or removed beside `path`. Throws system Error.
void sync_folder_of(const std::string& path, const char* point);

}  // namespace concdemo::files
