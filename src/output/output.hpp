#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/matrix.hpp"
#include "output/output_stats.hpp"
#include "output/writer_options.hpp"
#include "system/hdf5_write.hpp"
#include "system/mpi.hpp"

namespace concdemo {

struct FileSpec {
  std::string path;
  bool force = false;  // replace a file that is there
  std::vector<DatasetSpec> datasets;
  Attributes attributes;  // of the file, beside "Conventions"
};

// One output file, written by all ranks. Until commit it is PATH.partial, and an older file at PATH stays whole.
class OutputFile {
 public:
  // Collective. Throws, on all ranks alike: usage Error for a path that cannot be written or may not be replaced;
  // system Error when the space cannot be had. `comm` must outlive the file.
  static std::unique_ptr<OutputFile> create(const mpi::Comm& comm, const FileSpec& spec, const WriterOptions& options);

  // Local: only stops the I/O thread; rank 0 removes PATH.partial when it was not committed.
  ~OutputFile();

  // Local. Hands over rows of elements of a dataset (of row-major elements), `stride` elements apart there, the first
  // one from first_element on; each element once, by one rank. The data must stay alive and unchanged until commit
  // returns, or wait_until_left says so. A failed write is told by commit.
  void submit(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride, const MatrixView& rows);
  void submit(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) {
    submit(dataset, first_element, data.size(), {data.data(), 1, data.size(), data.size()});
  }

  // Local. Lets the owner of submitted data live until the I/O thread has stopped, whatever ends its other users.
  void keep(std::shared_ptr<const void> owner);

  // Local. Waits until at most so many submissions of this rank are not written yet; the memory of the others is free.
  void wait_until_left(std::size_t submissions);

  double write_busy_s() const;  // of this rank's I/O thread so far, in checksums and writes

  // Collective. The file is whole, durable and at PATH when this returns; otherwise it throws the same system Error on
  // all ranks, and nothing has happened to PATH.
  OutputStats commit();

 private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace concdemo
