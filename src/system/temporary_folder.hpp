#pragma once
#include <string>

#include "system/files.hpp"

namespace concdemo {

// A folder of this process in `base`, which goes with it. A lock on a file in it says that its owner lives: kill -9
// takes the lock away, and the next run of the same user finds and removes what is left.
class TemporaryFolder {
 public:
  // Throws usage Error where `base` (TMPDIR, else /tmp) is no folder or this user may not write there, system Error
  // where it is full.
  explicit TemporaryFolder(const std::string& base = default_base());
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

  static std::string default_base();
  // Removes such folders of this user whose owners are gone; what cannot be removed stays, without a word.
  static void remove_abandoned(const std::string& base = default_base());

 private:
  std::string path_;
  files::Descriptor lock_;
};

}  // namespace concdemo
