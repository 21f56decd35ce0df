#pragma once
#include <string>

namespace concdemo::hdf5 {

// While one exists, a crash of this thread, such as HDF5 has on some damaged files, ends the process with exit code 2
// and the message that `what` is damaged: nothing can be gone on with then, not even an agreement of ranks. Ranks other
// than 0 leave the message to those before them. May be nested, and is to be made by the thread that calls HDF5.
class CrashGuard {
 public:
  explicit CrashGuard(const std::string& what);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  const char* before_;
  std::string message_;
};

// Once a file was found to be damaged, and that is said: a crash from now on, such as HDF5 may have when it ends, only
// ends the process with exit code 2.
void expect_crash_at_end();

}  // namespace concdemo::hdf5
