#include "format/checkpoint_mark.hpp"

#include <cstring>
#include <span>
#include <string_view>

#include "system/files.hpp"

namespace concdemo {
namespace {

constexpr std::string_view mark = "concdemo checkpoint 1\n";  // behind the first slot's commit entry

}  // namespace

std::string checkpoint_start() { return std::string(commit_bytes, '\0').append(mark); }

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
  return (entry && entry->kind == CommitKind::checkpoint) || std::memcmp(second.data(), mark.data(), mark.size()) == 0;
}

}  // namespace concdemo
