#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/commit_entry.hpp"
#include "format/damage_list.hpp"
#include "format/file_header.hpp"

namespace concdemo {

// What the commit entries of a stepped file say, and whether time and scalars agree with them.
struct SeriesReading {
  std::vector<CommitEntry> entries;  // the sound ones, by number
  std::uint64_t committed = 0;       // the first of them, which follow one another from 0
  std::uint64_t written = 0;         // up to the last place that holds anything; all of a file that is sealed
  bool finished = false;             // sealed at its end, soundly
  DamageList damage;                 // "commit entry 3", "commit entries 3 to 5", "commit entry of the end"
  DamageList values;                 // "/time of snapshot 3", "/total of snapshots 3 to 5": else than the entries say
  bool is_hollow = false;            // and not even there: the file is not as large as its header says
};

// Takes time and memory in proportion to what the file holds, whatever its header says. While the run is writing, what
// it had done at some moment during the call. Throws system Error when the file cannot be read.
SeriesReading read_series(int file, const FileHeader& header);

struct SeriesProgress {
  std::uint64_t committed = 0;
  std::uint64_t snapshots = 0;  // in the end
  bool finished = false;
};

// Of a run that was stopped or killed, with what it saved; none for anything else, and what is damaged.
std::optional<SeriesProgress> unfinished_run(const std::string& path);

std::uint64_t quiet_nan_bits();  // every NaN we store; marks what is not committed

}  // namespace concdemo
