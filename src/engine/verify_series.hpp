#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/commit_entry.hpp"
#include "engine/file_header.hpp"

namespace concdemo {

// What the commit entries of a stepped file say, and whether time and scalars agree with them.
struct SeriesReading {
  std::vector<std::optional<CommitEntry>> entries;  // of every snapshot up to the last that has one; none: damaged
  std::uint64_t committed = 0;                      // leading sound entries
  bool finished = false;                            // sealed at its end, soundly
  std::vector<std::string> damage;                  // "commit entry 3", "/time of snapshot 3"
};

// Throws system Error when the file cannot be read that far.
SeriesReading read_series(int file, const FileHeader& header);

// Whether `path` is a run that was stopped or killed, with what it saved; false for anything else, and what is damaged.
bool is_unfinished_run(const std::string& path);

std::uint64_t quiet_nan_bits();  // every NaN we store; marks what is not committed

}  // namespace concdemo
