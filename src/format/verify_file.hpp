#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/verify_series.hpp"
#include "system/mpi.hpp"

namespace concdemo {

struct VerifyReport {
  bool sound = false;
  std::uint64_t bytes = 0;   // of the file
  std::uint64_t blocks = 0;  // compared with their checksum
  // What is wrong, one line each: "metadata", "header copy 2", "checksum table of /y",
  // "/y block 3, elements 393216..524287", "commit entry 3", "/u snapshot 3 block 0, elements 0..11". At most
  // 20, then a line with the number of the rest.
  std::vector<std::string> damage;
  std::optional<SeriesProgress> series;  // of a stepped file; what is not committed does not count
};

// Collective. Reads every byte of an output file of ours, without HDF5, and compares it with the stored checksums; the
// blocks are shared out over ranks and a few threads each. The report is the same on all ranks. Throws usage Error for
// a file that cannot be read or is not ours.
VerifyReport verify_file(const mpi::Comm& comm, const std::string& path);

}  // namespace concdemo
