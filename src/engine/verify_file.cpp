#include "engine/verify_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/partition.hpp"
#include "engine/checksum.hpp"
#include "engine/file_header.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

constexpr std::size_t max_lines = 20;
constexpr unsigned max_threads = 4;

// Bytes of the file; empty when they cannot all be read.
std::span<std::byte> read(int file, const hdf5::Place& place, std::vector<std::byte>& buffer) {
  buffer.resize(static_cast<std::size_t>(place.bytes));
  std::size_t got = 0;
  const int error = files::read_all(file, buffer, place.offset, got);
  return error == 0 && got == buffer.size() ? std::span(buffer) : std::span<std::byte>();
}

bool has_checksum(int file, const std::vector<hdf5::Place>& places, std::uint64_t expected) {
  std::uint64_t sum = 0;
  std::vector<std::byte> buffer;
  for (const auto& place : places) {
    for (std::uint64_t at = 0; at < place.bytes; at += block_bytes) {
      const hdf5::Place piece{place.offset + at, std::min(block_bytes, place.bytes - at)};
      const auto bytes = read(file, piece, buffer);
      if (bytes.empty()) return false;
      sum += checksum_bytes(piece.offset, bytes);
    }
  }
  return sum == expected;
}

std::uint64_t table_checksum(int file, const hdf5::Place& table) {
  std::uint64_t sum = 0;
  std::vector<std::byte> buffer;
  for (std::uint64_t at = 0; at < table.bytes; at += block_bytes) {
    sum += checksum_bytes(at, read(file, {table.offset + at, std::min(block_bytes, table.bytes - at)}, buffer));
  }
  return sum;
}

std::string looks_like(int file, std::uint64_t bytes) {
  if (bytes == 0) return "it is empty";
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  for (std::uint64_t at = 0; at < bytes && at < (std::uint64_t{1} << 30); at = at == 0 ? 512 : 2 * at) {
    std::vector<std::byte> buffer;
    const auto start = read(file, {at, signature.size()}, buffer);
    if (start.empty() || std::memcmp(start.data(), signature.data(), signature.size()) != 0) continue;
    return at == 0 ? "it is an HDF5 file made by another program"
                   : "it is an HDF5 file, unfinished or made by another program";
  }
  return "it is not an HDF5 file";
}

// What rank 0 finds before the blocks: header, length, metadata, tables.
struct Start {
  std::optional<FileHeader> header;
  std::uint64_t bytes = 0;
  std::vector<std::string> damage;
  std::string table_sound;  // '1' or '0' a dataset
};

files::Descriptor open(const std::string& path, std::uint64_t& bytes) {
  files::Descriptor file;
  int error = files::open(path, O_RDONLY | O_NONBLOCK, file);
  if (error == 0) error = files::size_of(file.get(), bytes);
  if (error != 0) throw usage_error(fmt::format("cannot read {}: {}; name a file", path, files::error_text(error)));
  return file;
}

Start read_start(const std::string& path) {
  Start start;
  const auto file = open(path, start.bytes);
  auto reading = read_header_copies(path);
  if (!reading.ours) {
    const auto what = looks_like(file.get(), start.bytes);
    throw usage_error(fmt::format("{} is not an output file of concdemo: {}; name one that is", path, what));
  }
  start.header = std::move(reading.header);
  start.damage = std::move(reading.damage);
  if (!start.header) return start;
  const auto& header = *start.header;
  if (start.bytes != header.file_bytes) {
    start.damage.push_back(fmt::format("length: {} bytes instead of {}", start.bytes, header.file_bytes));
  }
  if (!has_checksum(file.get(), metadata_places(header), header.metadata_checksum)) start.damage.push_back("metadata");
  for (const auto& dataset : header.datasets) {
    const bool is_table_sound = table_checksum(file.get(), dataset.table) == dataset.table_checksum;
    start.table_sound += is_table_sound ? '1' : '0';
    if (!is_table_sound) start.damage.push_back("checksum table of /" + dataset.name);
  }
  return start;
}

struct Block {
  const StoredDataset* dataset;
  std::uint64_t number;
};

std::string describe(const Block& block) {
  const auto first = block.number * block_elements;
  const auto last = std::min(first + block_elements, block.dataset->data.bytes / sizeof(double)) - 1;
  return fmt::format("/{} block {}, elements {}..{}", block.dataset->name, block.number, first, last);
}

bool is_sound(int file, const Block& block, std::vector<std::byte>& buffer) {
  const auto& dataset = *block.dataset;
  const auto entry = dataset.table.offset + block.number * sizeof(std::uint64_t);
  const auto table = read(file, {entry, sizeof(std::uint64_t)}, buffer);
  if (table.empty()) return false;
  std::uint64_t expected = 0;
  std::memcpy(&expected, table.data(), sizeof expected);
  const auto at = block.number * block_bytes;
  const auto bytes =
      read(file, {dataset.data.offset + at, std::min(block_bytes, dataset.data.bytes - at)}, buffer);
  if (bytes.empty()) return false;
  const std::span values(reinterpret_cast<const double*>(bytes.data()), bytes.size() / sizeof(double));
  return checksum(block.number * block_elements, values) == expected;
}

// Positions in `blocks` of the damaged ones, ascending.
std::vector<std::size_t> damaged_blocks(int file, const std::vector<Block>& blocks) {
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

// This rank's share of all blocks whose table can be trusted.
std::vector<Block> my_blocks(const mpi::Comm& comm, const FileHeader& header, const std::string& table_sound) {
  const auto count_of = [&](std::size_t i) {
    return table_sound[i] == '1' ? block_count(header.datasets[i].data.bytes / sizeof(double)) : 0;
  };
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < header.datasets.size(); ++i) count += count_of(i);
  const auto mine = part_of(count, static_cast<std::uint64_t>(comm.size()), static_cast<std::uint64_t>(comm.rank()));
  std::vector<Block> blocks;
  std::uint64_t before = 0;  // blocks of the datasets before this one
  for (std::size_t i = 0; i < header.datasets.size(); before += count_of(i), ++i) {
    const auto begin = std::max(mine.begin, before);
    const auto end = std::min(mine.end, before + count_of(i));
    for (auto at = begin; at < end; ++at) blocks.push_back({&header.datasets[i], at - before});
  }
  return blocks;
}

}  // namespace

VerifyReport verify_file(const mpi::Comm& comm, const std::string& path) {
  Start start;
  mpi::together(comm, [&] {
    if (comm.is_root()) start = read_start(path);
  });
  VerifyReport report;
  report.bytes = comm.broadcast_value(start.bytes);
  std::string lines;
  std::uint64_t damaged_count = 0;
  if (comm.broadcast_value(start.header.has_value())) {
    const auto table_sound = comm.broadcast(start.table_sound);
    mpi::together(comm, [&] {
      const auto header = comm.is_root() ? start.header : read_header(path);
      if (!header || header->datasets.size() != table_sound.size()) {
        throw usage_error(fmt::format("{} is not the same file on every node; name one in a shared folder", path));
      }
      std::uint64_t bytes = 0;
      const auto file = open(path, bytes);
      const auto blocks = my_blocks(comm, *header, table_sound);
      const auto damaged = damaged_blocks(file.get(), blocks);
      report.blocks = blocks.size();
      damaged_count = damaged.size();
      for (const auto i : std::span(damaged).first(std::min(damaged.size(), max_lines))) {
        lines += describe(blocks[i]) + "\n";
      }
    });
  }
  report.blocks = comm.sum(report.blocks);
  auto count = comm.sum(damaged_count) + comm.broadcast_value(std::uint64_t{start.damage.size()});
  std::string all;
  for (const auto& line : start.damage) all += line + "\n";
  for (const auto& rank_lines : comm.gather(lines)) all += rank_lines;
  std::istringstream stream(comm.broadcast(all));
  for (std::string line; report.damage.size() < max_lines && std::getline(stream, line); --count) {
    report.damage.push_back(line);
  }
  report.sound = report.damage.empty();
  if (count > 0) report.damage.push_back(fmt::format("and {} more", count));
  return report;
}

}  // namespace concdemo
