#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "system/file.hpp"
#include "system/signals.hpp"

namespace concdemo {

std::string partial_path(const std::string& target);  // target.partial

// Throws usage Error where PATH may not be replaced, or something stands at PATH.partial that is not the unfinished
// output of a run that was killed. Touches nothing. Returns PATH, links followed.
std::string require_output_place(const std::string& path, bool force);

// PATH.partial: becomes PATH by publish(), or is removed when this goes or a signal ends the process. One process
// (rank 0) owns it, and locks it against other runs. From its first moment to its last it begins with a mark, or with
// the header that makes it a file of ours; what a killed run left is removed, and nobody else's is.
class PartialFile {
 public:
  // Throws usage Error when PATH may not be replaced or its folder cannot be written, system Error otherwise.
  PartialFile(const std::string& path, bool force);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return file_.path(); }
  const std::string& target() const { return target_; }  // PATH, links followed
  const files::File& file() const { return file_; }

  // Throws system Error when `bytes` exceed the limit on file sizes or, with `reserve`, the space that is free. To be
  // asked before anything large is made.
  void require_space(std::uint64_t bytes, bool reserve) const;

  // Sets the size and, with `reserve`, takes the space: false where the file system has no such call.
  bool resize(std::uint64_t bytes, bool reserve) const;

  // Makes the file durable and renames it; one that is replaced leaves it its permissions, and with `goes_on` it can be
  // written to all the same. Throws system Error.
  void publish(bool goes_on = false);

 private:
  std::string target_;
  bool force_ = false;
  files::File file_;
  std::optional<RemovedOnSignal> removed_on_signal_;
};

}  // namespace concdemo
