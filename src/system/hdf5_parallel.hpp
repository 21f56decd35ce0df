#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "system/hdf5.hpp"
#include "system/hdf5_write.hpp"
#include "system/mpi.hpp"

// The usual way for many processes to write one file: all of them through parallel HDF5, each its own part. Kept as the
// pattern to read, and to measure our writer against. Its hazards:
// - What makes or changes metadata (files, datasets, attributes, scales, closing) is collective: every rank calls it,
//   in the same order and with the same arguments, or the job hangs. Only H5Dwrite may be independent.
// - Nothing is committed: a reader, or this program after a crash, cannot tell a snapshot that is whole from one that
//   is half there, nor one of zeros from one that was never written.
// - HDF5 keeps metadata in memory. A run that is killed leaves a file that cannot be opened at all (16 of 16 with
//   HDF5 1.10.8); H5Fflush after every snapshot makes that rarer (4 of 96), and costs a write by all ranks together
//   that everybody waits for.
// - An error is one rank's own: unless ranks tell one another before the next collective call, the others wait for
//   ever. With some MPI-IO a full disk is reported by no call at all.
namespace concdemo::hdf5 {

bool is_parallel();  // whether this HDF5 can do it

class ParallelFile {
 public:
  // Collective; replaces `path`. Every dataset has its final size and is as yet unwritten. `comm` must outlive the
  // file. Like the others it throws system Error.
  ParallelFile(const mpi::Comm& comm, const std::string& path, const std::vector<DatasetSpec>& datasets,
               const Attributes& attributes);

  // Local, blocking. Elements from `start` of datasets[dataset], `extent` of them in each dimension, row-major.
  void write(std::size_t dataset, const Shape& start, const Shape& extent, std::span<const double> values);

  void flush();  // collective: metadata to the file, and the file to the disk
  void close();  // collective

 private:
  std::string path_;
  Handle file_;
  std::vector<Handle> datasets_;
};

}  // namespace concdemo::hdf5
