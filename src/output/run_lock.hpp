#pragma once
#include <string>

#include "system/files.hpp"

namespace concdemo {

std::string lock_path(const std::string& target);  // target.lock

// FILE.lock, which keeps two runs from writing one FILE. Every rank of a run holds it, so that it lasts as long as any
// of them lives; it goes with the processes, however they end. (Not a lock on FILE itself, which HDF5's readers take.)
class RunLock {
 public:
  // Throws usage Error where something else stands at FILE.lock; touches nothing.
  static void require_place(const std::string& target);
  // One rank first; usage Error when another run holds it, or as above. An
  // empty one, of an earlier version, is taken.
  static RunLock take(const std::string& target);
  // Then the others, while that one holds it.
  static RunLock join(const std::string& target);

  void remove();  // our file; what is held stays held. One rank.

 private:
  std::string path_;
  files::Descriptor file_;
};

}  // namespace concdemo
