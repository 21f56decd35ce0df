#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/file_header.hpp"
#include "system/mpi.hpp"

// Data held against the checksum tables of a file, block by block.
namespace concdemo {

// A stretch of data that has a table of its own.
struct Section {
  std::string name;  // "/y", "/u snapshot 3"
  hdf5::Place data;
  hdf5::Place table;
};

// Of a snapshot of a stepped file's field.
Section snapshot_section(const FileHeader& header, std::uint64_t snapshot);

// Of a dataset with a table of its own: any but a stepped file's field, time and scalars, which come first.
Section dataset_section(const FileHeader& header, std::size_t dataset);
std::size_t first_dataset_section(const FileHeader& header);

struct Block {
  const Section* section;
  std::uint64_t number;
};
std::string describe(const Block& block);  // "/y block 3, elements 393216..524287"

// This rank's share of the blocks of the sections, whose tables are sound.
std::vector<Block> my_blocks(const mpi::Comm& comm, const std::vector<Section>& sections);

// Positions in `blocks` of the damaged ones, ascending; reads on a few threads.
std::vector<std::size_t> damaged_blocks(int file, const std::vector<Block>& blocks);

// Bytes of the file; empty when they cannot all be read.
std::span<std::byte> read_place(int file, const hdf5::Place& place, std::vector<std::byte>& buffer);

// Whether a table is whole and has this checksum. A page of zeros is none: a hole, which costs no time, however large.
bool is_sound_table(int file, const hdf5::Place& table, std::uint64_t expected);

// Over the bytes of places of the file, by their offsets in it; none where they cannot all be read.
std::optional<std::uint64_t> checksum_of(int file, const std::vector<hdf5::Place>& places);

}  // namespace concdemo
