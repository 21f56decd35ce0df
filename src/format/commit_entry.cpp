#include "format/commit_entry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "format/checksum.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t magic = 0x74696d6d6f636463;  // "cdcommit"
constexpr std::size_t first_scalar = 7;
constexpr std::string_view checkpoint_mark = "concdemo checkpoint 1\n";  // behind the first slot's commit entry

std::uint64_t seal(const Sector& sector, std::uint64_t place) {
  return checksum_bytes(place * commit_bytes, std::as_bytes(std::span(sector).first(sector.size() - 1)));
}

}  // namespace

Sector to_sector(const CommitEntry& entry, std::uint64_t place) {
  Sector sector{magic,
                static_cast<std::uint64_t>(entry.kind),
                entry.number,
                std::bit_cast<std::uint64_t>(entry.time),
                entry.checksum,
                entry.binding,
                entry.scalars.size()};
  for (std::size_t i = 0; i < entry.scalars.size(); ++i) {
    sector.at(first_scalar + i) = std::bit_cast<std::uint64_t>(entry.scalars[i]);
  }
  sector.back() = seal(sector, place);
  return sector;
}

std::optional<CommitEntry> from_sector(const Sector& sector, std::uint64_t place) {
  if (sector[0] != magic || sector.back() != seal(sector, place) || sector[first_scalar - 1] > max_scalars) return {};
  CommitEntry entry{static_cast<CommitKind>(sector[1]), sector[2], std::bit_cast<double>(sector[3]), sector[4],
                    sector[5]};
  for (std::size_t i = 0; i < sector[first_scalar - 1]; ++i) {
    entry.scalars.push_back(std::bit_cast<double>(sector[first_scalar + i]));
  }
  return entry;
}

bool is_blank(const Sector& sector) {
  return std::all_of(sector.begin(), sector.end(), [](std::uint64_t word) { return word == 0; });
}

Sector read_sector(int file, std::uint64_t offset) {
  Sector sector{};
  std::size_t got = 0;
  files::read_all(file, std::as_writable_bytes(std::span(sector)), offset, got);
  return sector;
}

// Those of an earlier version have no mark, but an entry from their first use on.
bool is_checkpoint(int file) {
  const auto entry = from_sector(read_sector(file, 0), 0);
  const auto second = read_sector(file, commit_bytes);
  return (entry && entry->kind == CommitKind::checkpoint) ||
         std::memcmp(second.data(), checkpoint_mark.data(), checkpoint_mark.size()) == 0;
}

std::string checkpoint_start() { return std::string(commit_bytes, '\0').append(checkpoint_mark); }

}  // namespace concdemo
