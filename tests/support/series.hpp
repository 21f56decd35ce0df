#pragma once
#include <cmath>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "base/partition.hpp"
#include "output/series_file.hpp"
#include "support/output.hpp"

// Stepped files of known contents, written by blocks of a grid of ranks.
namespace concdemo::test {

inline SeriesSpec series(const std::string& path, std::uint64_t ny, std::uint64_t nx, std::uint64_t snapshots) {
  SeriesSpec spec;
  spec.path = path;
  spec.field = {"u", {{"units", "K"}}};
  spec.time = {"time", {{"standard_name", "time"}, {"units", "1"}}};
  spec.y = {"y", {{"axis", "Y"}}, {}};
  spec.x = {"x", {{"axis", "X"}}, {}};
  for (std::uint64_t i = 0; i < ny; ++i) spec.y.values.push_back(0.5 * static_cast<double>(i));
  for (std::uint64_t j = 0; j < nx; ++j) spec.x.values.push_back(0.25 * static_cast<double>(j));
  spec.scalars = {{"residual", {{"units", "K"}}}, {"total", {{"units", "K"}}}};
  spec.snapshots = snapshots;
  spec.attributes = {{"alpha", 0.1}, {"steps", std::int64_t{70}}};
  return spec;
}

inline double value_at(std::uint64_t snapshot, std::uint64_t i, std::uint64_t j) {
  return std::sin(static_cast<double>(snapshot * 1000003 + i * 1009 + j));
}
inline double time_of(std::uint64_t snapshot) { return 0.5 * static_cast<double>(snapshot); }
inline std::vector<double> scalars_of(std::uint64_t snapshot) {
  return {snapshot == 0 ? std::nan("") : 1.0 / static_cast<double>(snapshot), static_cast<double>(snapshot) - 2};
}

// This rank's block of an ny x nx field cut into `bands` bands of rows and as many columns as there are ranks for.
struct RankBlock {
  Range rows, columns;
  std::vector<double> values;  // two more a row: the memory of a field with halos
  MatrixView view() const { return {values.data() + 1, rows.size(), columns.size(), columns.size() + 2}; }
  MatrixSpan span() { return {values.data() + 1, rows.size(), columns.size(), columns.size() + 2}; }
};

inline RankBlock block_of(const mpi::Comm& comm, std::uint64_t ny, std::uint64_t nx, int columns) {
  const auto across = static_cast<std::uint64_t>(comm.size() % columns == 0 ? columns : 1);
  const auto ranks = static_cast<std::uint64_t>(comm.size()), rank = static_cast<std::uint64_t>(comm.rank());
  RankBlock block{part_of(ny, ranks / across, rank / across), part_of(nx, across, rank % across), {}};
  block.values.resize(block.rows.size() * (block.columns.size() + 2) + 2);
  return block;
}

inline void fill(RankBlock& block, std::uint64_t snapshot) {
  const auto view = block.span();
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      view.data[i * view.stride + j] = value_at(snapshot, block.rows.begin + i, block.columns.begin + j);
    }
  }
}

// Snapshots [file.committed(), end) behind a pretended computation of two steps each.
inline void write_snapshots(const mpi::Comm& comm, SeriesFile& file, std::uint64_t end, int columns,
                            bool checkpoints = false) {
  static std::deque<RankBlock> alive;
  for (auto s = file.committed(); s < end; ++s) {
    auto& block = alive.emplace_back(block_of(comm, file.rows(), file.columns(), columns));
    fill(block, s);
    file.submit(s, block.rows.begin, block.columns.begin, block.view());
    file.finish(s, time_of(s), scalars_of(s));
    file.agree(0);
    if (checkpoints) file.checkpoint(10 * s + 5, 10, block.rows.begin, block.columns.begin, block.view());
    file.agree(0);
    if (s % 3 == 2) {
      file.wait_until_left(0);
      alive.clear();
    }
  }
}

inline bool holds(const mpi::Comm& comm, const SeriesFile& file, std::uint64_t snapshot, int columns) {
  auto block = block_of(comm, file.rows(), file.columns(), columns);
  auto expected = block;
  fill(expected, snapshot);
  file.read(snapshot, block.rows.begin, block.columns.begin, block.span());
  return block.values == expected.values;
}

// Flips one bit of a file.
inline void flip(const std::string& path, std::uint64_t byte, unsigned bit) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(byte));
  const char value = static_cast<char>(file.get() ^ (1 << bit));
  file.seekp(static_cast<std::streamoff>(byte));
  file.put(value);
}

}  // namespace concdemo::test
