#include "format/verify_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/activity.hpp"
#include "base/partition.hpp"
#include "base/tally.hpp"
#include "format/checksum.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

constexpr unsigned max_threads = 4;
constexpr std::size_t page_bytes = 4096;

std::uint64_t block_count_of(const Section& section) { return section.table.bytes / sizeof(std::uint64_t); }

bool is_sound(int file, const Block& block, std::vector<std::byte>& buffer) {
  activity::beat();
  tally::add(tally::Unit::blocks, 1);
  const auto& section = *block.section;
  const auto entry = section.table.offset + block.number * sizeof(std::uint64_t);
  const auto table = read_place(file, {entry, sizeof(std::uint64_t)}, buffer);
  if (table.empty()) return false;
  std::uint64_t expected = 0;
  std::memcpy(&expected, table.data(), sizeof expected);
  const auto at = block.number * block_bytes;
  const auto bytes =
      read_place(file, {section.data.offset + at, std::min(block_bytes, section.data.bytes - at)}, buffer);
  if (bytes.empty()) return false;
  const std::span values(reinterpret_cast<const double*>(bytes.data()), bytes.size() / sizeof(double));
  return checksum(block.number * block_elements, values) == expected;
}

}  // namespace

Section snapshot_section(const FileHeader& header, std::uint64_t snapshot) {
  const auto& field = header.datasets[0];
  const auto data_bytes = field.data.bytes / header.series->snapshots;
  const auto table_bytes = field.table.bytes / header.series->snapshots;
  return {fmt::format("/{} snapshot {}", field.name, snapshot),
          {field.data.offset + snapshot * data_bytes, data_bytes},
          {field.table.offset + snapshot * table_bytes, table_bytes}};
}

std::size_t first_dataset_section(const FileHeader& header) { return header.series ? 2 + header.series->scalars : 0; }

Section dataset_section(const FileHeader& header, std::size_t dataset) {
  const auto& stored = header.datasets[dataset];
  return {"/" + stored.name, stored.data, stored.table};
}

std::string describe(const Block& block) {
  const auto first = block.number * block_elements;
  const auto last = std::min(first + block_elements, block.section->data.bytes / sizeof(double)) - 1;
  return fmt::format("{} block {}, elements {}..{}", block.section->name, block.number, first, last);
}

std::vector<Block> my_blocks(const mpi::Comm& comm, const std::vector<Section>& sections) {
  std::uint64_t count = 0;
  for (const auto& section : sections) count += block_count_of(section);
  const auto mine = part_of(count, static_cast<std::uint64_t>(comm.size()), static_cast<std::uint64_t>(comm.rank()));
  std::vector<Block> blocks;
  std::uint64_t before = 0;  // blocks of the sections before this one
  for (const auto& section : sections) {
    const auto after = before + block_count_of(section);
    for (auto at = std::max(mine.begin, before); at < std::min(mine.end, after); ++at) {
      blocks.push_back({&section, at - before});
    }
    before = after;
  }
  return blocks;
}

std::vector<std::size_t> damaged_blocks(int file, const std::vector<Block>& blocks) {
  tally::begin(blocks.size(), tally::Unit::blocks);
  std::mutex mutex;
  std::vector<std::size_t> damaged;
  std::atomic<std::size_t> next = 0;
  const auto work = [&](std::vector<std::byte>& buffer) {
    for (std::size_t i = next++; i < blocks.size(); i = next++) {
      if (is_sound(file, blocks[i], buffer)) continue;
      const std::lock_guard lock(mutex);
      damaged.push_back(i);
    }
  };
  // hardware_concurrency counts the CPUs this process may use.
  const auto useful = std::min<std::size_t>(blocks.size(), std::min(std::thread::hardware_concurrency(), max_threads));
  std::vector<std::vector<std::byte>> buffers(std::max<std::size_t>(1, useful));
  for (auto& buffer : buffers) buffer.reserve(block_bytes);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 1; t < buffers.size(); ++t) threads.emplace_back([&, t] { work(buffers[t]); });
    work(buffers[0]);
  }
  std::sort(damaged.begin(), damaged.end());
  return damaged;
}

std::span<std::byte> read_place(int file, const hdf5::Place& place, std::vector<std::byte>& buffer) {
  buffer.resize(static_cast<std::size_t>(place.bytes));
  std::size_t got = 0;
  const int error = files::read_all(file, buffer, place.offset, got);
  return error == 0 && got == buffer.size() ? std::span(buffer) : std::span<std::byte>();
}

std::optional<std::uint64_t> checksum_of(int file, const std::vector<hdf5::Place>& places) {
  std::uint64_t sum = 0;
  std::vector<std::byte> buffer;
  for (const auto& place : places) {
    for (std::uint64_t at = 0; at < place.bytes; at += block_bytes) {
      const hdf5::Place piece{place.offset + at, std::min(block_bytes, place.bytes - at)};
      const auto bytes = read_place(file, piece, buffer);
      if (bytes.empty()) return {};
      sum += checksum_bytes(piece.offset, bytes);
    }
  }
  return sum;
}

bool is_sound_table(int file, const hdf5::Place& table, std::uint64_t expected) {
  std::uint64_t sum = 0;
  std::vector<std::byte> buffer;
  for (std::uint64_t at = 0; at < table.bytes; at += block_bytes) {
    const auto bytes = read_place(file, {table.offset + at, std::min(block_bytes, table.bytes - at)}, buffer);
    if (bytes.empty()) return false;
    for (std::size_t page = 0; page + page_bytes <= bytes.size(); page += page_bytes) {
      const auto words = bytes.subspan(page, page_bytes);
      if (std::all_of(words.begin(), words.end(), [](std::byte byte) { return byte == std::byte{0}; })) return false;
    }
    sum += checksum_bytes(at, bytes);
  }
  return sum == expected;
}

}  // namespace concdemo
