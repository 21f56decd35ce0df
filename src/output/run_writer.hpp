#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "system/array.hpp"
#include "system/files.hpp"

namespace concdemo {

// Writes long runs of bytes of one file past the page cache, on file systems where that was measured to be better: the
// kernel then finds no page for them and copies nothing. What fills no whole page at the ends of a run, short runs, and
// everything on other file systems go the usual way; so the bytes of a page come from one way at a time, whoever writes
// its neighbours. For one thread. CONCDEMO_BUFFERED=1 leaves it all to the page cache.
class RunWriter {
 public:
  static constexpr std::size_t most_bytes = std::size_t{4} << 20;  // of a run that may go past the page cache

  explicit RunWriter(int file);  // open for writing as long as this lives

  // The parts one after another from `offset`; uses up `parts`. 0 or an errno value.
  int write(std::vector<iovec>& parts, std::uint64_t offset);

 private:
  const std::byte* gather(const std::vector<iovec>& parts, std::uint64_t offset);
  int write_buffered(std::vector<iovec>& parts, std::uint64_t offset, std::uint64_t length);
  int write_pages(std::span<const std::byte> pages, std::uint64_t offset);

  int file_;
  files::Descriptor direct_;  // the same file, past the page cache
  Array buffer_;              // of runs that lie elsewhere in their pages in memory than in the file
  std::uint64_t begun_ = 0, ended_ = 0,
                waiting_ = 0;  // bytes in the page cache that the disk was not told of, and where
};

}  // namespace concdemo
