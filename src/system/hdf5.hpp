#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/error.hpp"

// What every use of HDF5 in the process shares. Needs no HDF5 header: <hdf5.h> is for src/system/hdf5*.cpp only.
namespace concdemo::hdf5 {

using Id = std::int64_t;     // hid_t
using Closer = int (*)(Id);  // H5Fclose, H5Dclose, ...

// Held around every HDF5 call of any thread (most builds of HDF5 are not thread-safe); the same thread may nest it.
// The first one opens the library with its own error printing off: make it on the main thread, after MPI's start.
class Lock {
 public:
  Lock();  // throws system Error when HDF5 cannot start

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

std::string library_version();  // "1.10.8"

// Why the last HDF5 call failed, in HDF5's own words, outermost first; call it under the Lock of that call.
std::string error_text();

// Passes a result of HDF5 through; a negative one throws system Error "`what`: error_text()".
Id checked(Id result, const std::string& what);

// For a call that failed while a file was read: usage Error, for the file is damaged then, or system Error where the
// machine refused to read, or had no memory left, not even the `fair_bytes` that a sound file would have needed.
Error unreadable(const std::string& what, std::size_t fair_bytes = std::size_t{64} << 20);
Id readable(Id result, const std::string& what);  // passes a result through, and throws that for a negative one

// Owns one HDF5 identifier. Destroying takes the Lock itself and ignores a failed close: where closing can lose data,
// call close(). Every Handle must be gone before MPI's end.
class Handle {
 public:
  Handle() = default;
  Handle(Id id, Closer closer) : id_(id), closer_(closer) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();

  Id get() const { return id_; }
  bool valid() const { return id_ >= 0; }
  void close(const std::string& what);  // throws like checked()

 private:
  Id id_ = -1;
  Closer closer_ = nullptr;
};

}  // namespace concdemo::hdf5
