#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "system/files.hpp"
#include "system/signals.hpp"

namespace concdemo {

// PATH.partial: becomes PATH by publish(), or is removed when this goes or a signal ends the process. One process
// (rank 0) owns it, and locks it against other runs.
class PartialFile {
 public:
  // Throws usage Error when PATH may not be replaced or its folder cannot be written, system Error otherwise.
  PartialFile(const std::string& path, bool force);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return partial_; }
  const std::string& target() const { return target_; }  // PATH, links followed
  int file() const { return file_.get(); }

  // Throws system Error when `bytes` exceed the limit on file sizes or, with `reserve`, the space that is free. To be
  // asked before anything large is made.
  void require_space(std::uint64_t bytes, bool reserve) const;

  // Sets the size and, with `reserve`, takes the space: false where the file system has no such call.
  bool resize(std::uint64_t bytes, bool reserve) const;

  // Makes the file durable and renames it. Throws system Error.
  void publish();

 private:
  std::string target_;
  std::string partial_;
  bool force_ = false;
  bool published_ = false;
  files::Descriptor file_;
  std::optional<RemovedOnSignal> removed_on_signal_;
};

// Until then a power cut may undo what was made, renamed or removed beside `path`. `point`: a fault's. Throws system Error.
void sync_folder_of(const std::string& path, const char* point);

}  // namespace concdemo
