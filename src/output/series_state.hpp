#pragma once
#include <optional>
#include <string>
#include <vector>

#include "format/file_header.hpp"
#include "output/checkpoint.hpp"
#include "output/durable_writer.hpp"
#include "output/run_lock.hpp"
#include "output/series_file.hpp"
#include "output/xdmf_file.hpp"
#include "system/file.hpp"

// The inside of a SeriesFile, shared by the files that implement it.
namespace concdemo {

struct SeriesFile::State {
  State(const mpi::Comm& all, const WriterOptions& writer_options);

  const mpi::Comm& comm;
  const WriterOptions options;
  OutputStats stats;   // as far as known; the file as given
  std::string target;  // that, links followed
  RunLock lock;
  files::File file;
  FileHeader header;
  bool finished = false;
  std::vector<std::string> messages;

  std::uint64_t committed = 0;                     // agreed
  std::uint64_t next = 0;                          // snapshot to be finished next
  bool is_saving = false;                          // a checkpoint is under way
  std::optional<std::uint64_t> newest_checkpoint;  // agreed: its step
  std::optional<Checkpoint> checkpoints;
  std::optional<Xdmf> xdmf;             // rank 0; its I/O thread adds to it
  std::optional<DurableWriter> writer;  // last: its thread stops before the files close

  std::uint64_t rows() const { return header.datasets[0].shape[1]; }
  std::uint64_t columns() const { return header.datasets[0].shape[2]; }
  std::uint64_t snapshots() const { return header.series->snapshots; }
  std::uint64_t snapshot_offset(std::uint64_t snapshot) const {
    return header.datasets[0].data.offset + snapshot * rows() * columns() * sizeof(double);
  }
  std::uint64_t commit_offset(std::uint64_t place) const;

  void open_everywhere();  // collective, when rank 0 holds the lock and knows `target`
  void start_writing();    // collective, when `committed` is known
  void begin();            // `next`, if that was not done
  void seal();             // rank 0
};

}  // namespace concdemo
