#pragma once
#include <optional>
#include <vector>

#include "format/file_header.hpp"
#include "output/partial_file.hpp"
#include "system/hdf5_write.hpp"

namespace concdemo {

// The header of a file of these datasets, with the attributes and "Conventions", as far as it is known before the file
// is made. Throws usage Error where it would be too long.
FileHeader header_of(const std::vector<DatasetSpec>& datasets, const Attributes& attributes,
                     const std::optional<SeriesPart>& series = {});

// Makes the file but for its header and contents: its size, with `reserve` its space, and the metadata, which HDF5
// writes into a scratch file of this process and we copy. Into the header go all places and the metadata's checksum.
// False where the file system cannot reserve. For one process (rank 0). Throws like hdf5::write_skeleton and
// PartialFile.
bool write_skeleton(const PartialFile& partial, const std::vector<DatasetSpec>& datasets, bool reserve,
                    FileHeader& header);

}  // namespace concdemo
