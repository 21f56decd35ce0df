#pragma once
#include <cstdint>
#include <string>

// Which file a name led to, so that another rank, or a later moment, can tell whether it leads to that one.
namespace concdemo::files {

struct Stamp {
  std::string path;  // absolute, in which symbolic links may stand
  std::uint64_t device = 0, inode = 0, bytes = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t beginning = 0;  // checksum of the first 4 KiB
  bool operator==(const Stamp&) const = default;
};

// Throws usage Error when the file cannot be read.
Stamp stamp_of(const std::string& path);

// Whether both are one file. Devices and inodes are numbers of one host; on two hosts equal sizes, times and beginnings
// have to do.
bool same_file(const Stamp& a, const Stamp& b, bool one_host);

// Throws usage Error when the path leads to another file by now, or that has been written to since.
void require_unchanged(const Stamp& stamp);

std::string describe(const Stamp& stamp);  // "/data/a.h5, 2048 bytes, modified 2026-01-02 03:04:05.678901234 UTC"

}  // namespace concdemo::files
