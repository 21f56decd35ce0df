#include "format/commit_entry.hpp"

#include <algorithm>
#include <bit>

#include "format/checksum.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t magic = 0x74696d6d6f636463;  // "cdcommit"
constexpr std::size_t first_scalar = 7;

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

}  // namespace concdemo
