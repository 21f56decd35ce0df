#pragma once
#include <string>

#include "system/files.hpp"

namespace concdemo {

// FILE.lock, which keeps two runs from writing one FILE. Every rank of a run holds it, so that it lasts as long as any
// of them lives; it goes with the processes, however they end. (Not a lock on FILE itself, which HDF5's readers take.)
class RunLock {
 public:
  // One rank first; usage Error when another run holds it.
  static RunLock take(const std::string& target);
  // Then the others, while that one holds it.
  static RunLock join(const std::string& target);

  void remove();  // the file; what is held stays held. One rank.

 private:
  std::string path_;
  files::Descriptor file_;
};

}  // namespace concdemo
