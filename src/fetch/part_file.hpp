#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "system/files.hpp"
#include "system/sha256.hpp"

namespace concdemo::fetch {

// The temporary names of this process, so that a signal can end it without leaving any behind.
class Unfinished {
 public:
  // Runs file-system work that makes `path` (there = true) or makes it go away; 0 or errno.
  template <class Work>
  int change(const std::string& path, bool there, Work work) {
    const std::scoped_lock lock(mutex_);
    const int error = work();
    if (error == 0 && there) paths_.insert(path);
    if (error == 0 && !there) paths_.erase(path);
    return error;
  }
  // Removes all of them; from then on change() waits for ever: the process is to end now.
  void remove_all();

 private:
  std::mutex mutex_;
  std::set<std::string> paths_;
};

// Takes away what killed processes of this user left in a folder under the names that PartFile makes; what a living one
// writes stays.
void remove_left_parts(const std::string& folder);

// What becomes NAME when it is whole and on disk; until then NAME.concdemo-RANDOM.part, a name where nothing stood.
// Functions throw system Error. One thread at a time. What has not been published by the end is removed.
class PartFile {
 public:
  PartFile(const std::string& folder, const std::string& name, bool with_hash, Unfinished& unfinished);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  void begin();  // an empty file, also when there were bytes in it
  void write(std::span<const std::byte> bytes);
  void start_writeback();
  void sync() const;
  void publish(bool replace);  // then the folder is to be synced; the caller does that, once for many
  void discard();
  std::string sha256();  // of what was written; once
  std::uint64_t bytes() const { return bytes_; }

 private:
  void require(int error, const char* otherwise) const;
  int make();

  std::string path_;
  std::string part_;
  bool with_hash_;
  Unfinished& unfinished_;
  files::Descriptor file_;
  std::optional<Sha256> hash_;
  std::uint64_t bytes_ = 0;
  std::uint64_t written_back_ = 0;
};

int make_folders(const std::string& path);  // all that are missing, with durable names; 0 or errno

// SHA-256 of a file's bytes; nothing when it cannot be read.
std::optional<std::string> sha256_of_file(const std::string& path);

}  // namespace concdemo::fetch
