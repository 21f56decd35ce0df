#pragma once
#include <pthread.h>

#include <mutex>
#include <string>
#include <vector>

// Limits of the system on this process (ulimit): found out beforehand, as libraries hang or end the process when they
// meet one in the middle. Errors are system Errors that name the limit and its value.
namespace concdemo::limits {

// At the start of the program. Soft limits on open files and the stack become as high as they may; a write beyond the
// limit on file sizes fails (EFBIG) instead of ending the process. Throws where the stack is too small for MPI.
void take_what_is_allowed();

// Throws unless so many more files can be opened now; `what` needs them.
void require_files(int more, const std::string& what);

// Threads with the stacks of OpenMP's that wait until this goes: while ranks of a node hold theirs, each sees what all
// need. Throws where the system refuses one.
class HeldThreads {
 public:
  explicit HeldThreads(int count);
  ~HeldThreads();
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

 private:
  void let_go();
  std::mutex gate_;
  std::vector<pthread_t> threads_;
};

}  // namespace concdemo::limits
