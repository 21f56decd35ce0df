#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/file_header.hpp"
#include "output/checkpoint.hpp"
#include "output/durable_writer.hpp"
#include "output/run_lock.hpp"
#include "output/series_file.hpp"
#include "output/xdmf_file.hpp"
#include "system/files.hpp"

// The inside of a SeriesFile, shared by the files that implement it.
namespace concdemo {

struct SeriesFile::State {
  State(const mpi::Comm& all, const WriterOptions& writer_options);

  const mpi::Comm& comm;
  const WriterOptions options;
  double start;
  std::string path;    // as given
  std::string target;  // links followed
  RunLock lock;
  files::Descriptor file;
  FileHeader header;
  bool reserved = false;
  bool finished = false;
  double drain_s = 0;  // this rank's main thread's, after the last submission
  std::vector<std::string> messages;

  std::uint64_t committed = 0;  // agreed
  std::uint64_t next = 0;       // snapshot to be finished next
  bool is_open = false;         // begun: `next`
  struct Handed {
    bool is_snapshot;
    std::uint64_t number;  // of the snapshot, or step of the checkpoint
  };
  std::deque<Handed> handed;   // to the writer, not committed yet
  std::uint64_t matrices = 0;  // of the writer, committed
  std::optional<std::uint64_t> newest_checkpoint;
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
  void begin();
  void take_in(const DurableWriter::Progress& progress);
  void seal();  // rank 0
};

// Writes bytes at a place, with a fault's point; throws system Error naming the file.
void put_at(int file, const std::string& path, std::span<const std::byte> bytes, std::uint64_t offset,
            const char* point);
void sync_file(int file, const std::string& path, const char* point);

}  // namespace concdemo
