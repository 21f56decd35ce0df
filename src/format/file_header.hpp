#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "system/hdf5_write.hpp"

// The readable text at the start of every file we write, in HDF5's user block: it says where everything is and what
// its checksums are, so that a file can be verified without HDF5. Two equal copies, one in each half of the block, each
// ending in its own checksum: one damaged copy is noticed and the other still serves.
namespace concdemo {

struct StoredDataset {
  std::string name;
  Shape shape;
  hdf5::Place data;
  hdf5::Place table;
  std::uint64_t table_checksum = 0;
};

// Of a stepped file. datasets[0] is the field, with a table row a snapshot whose blocks are counted anew in each;
// datasets[1] is time and the next `scalars` follow time too: their values are in the commit entries, and they have
// no table; the last two are the axes y and x. Commits are sectors of commit_bytes, one a snapshot and one for the end.
struct SeriesPart {
  std::uint64_t snapshots = 0;
  std::uint64_t scalars = 0;
  hdf5::Place commits;
};

struct FileHeader {
  std::uint64_t header_bytes = 0;  // both copies: a power of two from 4096
  std::uint64_t file_bytes = 0;
  std::uint64_t metadata_checksum = 0;  // of all bytes outside the header, datasets and tables
  std::vector<StoredDataset> datasets;
  Attributes attributes;  // of the root group (NaN and infinite ones are left out)
  std::optional<SeriesPart> series{};

  // Whether a dataset has a checksum table, and its entries: one for each block.
  bool has_table(std::size_t dataset) const { return !series || dataset == 0 || dataset > 1 + series->scalars; }
  std::uint64_t table_length(std::size_t dataset) const;
};

// header_bytes of text.
std::string to_text(const FileHeader& header);

// Smallest header_bytes that holds the header, whatever the values of its numbers.
std::uint64_t header_bytes_for(FileHeader header);

// The stretches of the file outside the header, datasets and tables, in order; throws verification Error when the
// parts overlap or leave the file.
std::vector<hdf5::Place> metadata_places(const FileHeader& header);

struct HeaderReading {
  bool ours = false;                 // at least one copy is recognisable
  std::optional<FileHeader> header;  // contradicts nothing in itself; the file may be shorter than it says
  std::vector<std::string> damage;   // "header copy 2"
  std::uint64_t newer = 0;           // the format of a later version, where there is no header for this one
};

// Throws usage Error when the file cannot be opened or read.
HeaderReading read_header_copies(const std::string& path);

// Throws usage Error for a file of a later version.
void refuse_newer(const HeaderReading& reading, const std::string& path);

// The header of a file of ours; none when it is missing, something else, or damaged beyond reading.
std::optional<FileHeader> read_header(const std::string& path);

}  // namespace concdemo
