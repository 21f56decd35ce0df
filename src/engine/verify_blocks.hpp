#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/file_header.hpp"
#include "system/mpi.hpp"

// Data held against the checksum tables of a file, block by block.
namespace concdemo {

// A stretch of data that has a table of its own.
struct Section {
  std::string name;  // "/y", "/u snapshot 3"
  hdf5::Place data;
  hdf5::Place table;
};

// Of every dataset that has a table; of a stepped file's field, one for each snapshot below `snapshots`, which come
// first.
std::vector<Section> sections_of(const FileHeader& header, std::uint64_t snapshots);

Section snapshot_section(const FileHeader& header, std::uint64_t snapshot);

struct Block {
  const Section* section;
  std::uint64_t number;
};
std::string describe(const Block& block);  // "/y block 3, elements 393216..524287"

// This rank's share of the blocks of the sections that are marked '1' in `sound`.
std::vector<Block> my_blocks(const mpi::Comm& comm, const std::vector<Section>& sections, const std::string& sound);

// Positions in `blocks` of the damaged ones, ascending; reads on a few threads.
std::vector<std::size_t> damaged_blocks(int file, const std::vector<Block>& blocks);

// Bytes of the file; empty when they cannot all be read.
std::span<std::byte> read_place(int file, const hdf5::Place& place, std::vector<std::byte>& buffer);

std::uint64_t table_checksum(int file, const hdf5::Place& table);
bool has_checksum(int file, const std::vector<hdf5::Place>& places, std::uint64_t expected);

}  // namespace concdemo
