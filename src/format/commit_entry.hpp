#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// What acknowledges a snapshot of a stepped file: one sector, which a disk writes whole or not at all, sealed by a
// checksum of its own. Zeros until then.
namespace concdemo {

constexpr std::size_t commit_bytes = 512;
constexpr std::uint64_t max_scalars = 48;

enum class CommitKind : std::uint64_t { snapshot = 1, end = 2, checkpoint = 3 };

struct CommitEntry {
  CommitKind kind = CommitKind::snapshot;
  std::uint64_t number = 0;  // of the snapshot; the number of snapshots at the end; the step of a checkpoint
  double time = 0;
  std::uint64_t checksum = 0;  // of what it acknowledges: the snapshot's table row, a checkpoint's field
  std::uint64_t binding = 0;   // a checkpoint's file
  std::vector<double> scalars{};
};

using Sector = std::array<std::uint64_t, commit_bytes / sizeof(std::uint64_t)>;

// `place`: which sector of its table it is; an entry is sound at its own place only.
Sector to_sector(const CommitEntry& entry, std::uint64_t place);
std::optional<CommitEntry> from_sector(const Sector& sector, std::uint64_t place);
bool is_blank(const Sector& sector);
Sector read_sector(int file, std::uint64_t offset);  // zeros where it cannot be read

// FILE.checkpoint: of any run, whole or not; and the first bytes of one that was just made, an empty entry and the
// mark.
bool is_checkpoint(int file);
std::string checkpoint_start();

}  // namespace concdemo
