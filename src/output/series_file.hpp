#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "kernels/matrix.hpp"
#include "output/output_stats.hpp"
#include "output/writer_options.hpp"
#include "system/hdf5_write.hpp"
#include "system/mpi.hpp"

namespace concdemo {

struct SeriesVariable {
  std::string name;
  Attributes attributes;
  std::vector<double> values{};  // of y and x: rank 0's count, one a row or column
};

// FIELD(time, y, x), time(time) and each scalar (time).
struct SeriesSpec {
  std::string path;
  bool force = false;  // replace a file that is there
  SeriesVariable field, time, y, x;
  std::vector<SeriesVariable> scalars;  // at most 48
  std::uint64_t snapshots = 0;
  Attributes attributes;  // of the file, beside "Conventions"; what resume has to know (finite numbers and text)
};

// What all ranks know after agree(), the same on all of them at the same call.
struct StepState {
  std::uint64_t committed = 0;              // snapshots [0, committed) survive the death of processes and nodes
  std::optional<std::uint64_t> checkpoint;  // newest durable one's step
  int signal = 0;                           // the largest given to agree() by any rank; 0 for none
};

// A checkpoint that was found.
struct SavedStep {
  std::uint64_t step = 0;
  std::uint64_t every = 0;  // steps between the run's checkpoints, as it was told; 0: none but when it was stopped
};

// A file of snapshots of one ny x nx field, written by all ranks behind their computation, that any HDF5 reader can
// open at every instant: time is NaN where a snapshot is not committed. The finished file's bytes depend on neither
// layout, interruptions nor resumption.
//
// Every rank submits its blocks of snapshot s, then finishes s, for s in ascending order from committed(); checkpoints
// come between, in the same order on all ranks. agree() at each step boundary keeps things going. Writer threads call
// POSIX alone; all MPI happens in the collective calls here. `comm` must outlive the file.
class SeriesFile {
 public:
  // Collective. PATH is there, durable and locked against other runs when this returns. Throws, on all ranks alike:
  // usage Error for a path that cannot be written, may not be replaced or is being written by another run; system Error
  // when the space cannot be had. Make no NotedSignal before it returns.
  static std::unique_ptr<SeriesFile> create(const mpi::Comm& comm, const SeriesSpec& spec,
                                            const WriterOptions& options);

  // Collective. An unfinished (or finished) file, to go on from committed() snapshots: they were all read and are
  // right; what follows is reset, what can be made anew is mended. Throws like create(), and verification Error when
  // the file is damaged beyond that. With `require`, which is called on all ranks when sizes and attributes are known
  // and throws on all alike where they cannot be gone on with, also usage Error where there is no snapshot yet. Then
  // the file stays as it was.
  static std::unique_ptr<SeriesFile> open(const mpi::Comm& comm, const std::string& path, const WriterOptions& options,
                                          const std::function<void(const SeriesFile&)>& require = {});

  ~SeriesFile();  // local: stops the writer thread; what was not committed is lost

  std::uint64_t rows() const;
  std::uint64_t columns() const;
  std::uint64_t snapshots() const;
  std::uint64_t scalars() const;
  std::uint64_t committed() const;       // as of open() or the last agree()
  bool finished() const;                 // at open(): nothing is left to do
  const Attributes& attributes() const;  // of the file, with "Conventions"; floating-point values exactly as given
  const std::vector<std::string>& messages() const;  // what open() found and mended, for the user; on all ranks alike

  // Local, blocking. The block at (row, column) of a committed snapshot. Throws system Error.
  void read(std::uint64_t snapshot, std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const;

  // Local. Hands over a block of this rank at (row, column) of a snapshot; all ranks' blocks cover it, each element
  // once. The values must stay alive and unchanged until wait_until_left() or close() says so. Waits when the ring is
  // full.
  void submit(std::uint64_t snapshot, std::uint64_t row, std::uint64_t column, const MatrixView& block);
  // Local. This rank has submitted all its blocks of this snapshot. time is finite; time and scalars count on rank 0.
  void finish(std::uint64_t snapshot, double time, std::span<const double> scalars);

  // Local. A copy of the state at `step` beside the file (PATH.checkpoint), to resume from where it is newer than the
  // last snapshot. One block a rank; the values as in submit(). The file is made by the first call, which is collective
  // and throws system Error when the space cannot be had. False, on all ranks alike: the one before is still under way.
  // `every` is kept in it for saved().
  bool checkpoint(std::uint64_t step, std::uint64_t every, std::uint64_t row, std::uint64_t column,
                  const MatrixView& block);
  // A sound one that open() found. It may lie before the last committed snapshot, or behind one that is not committed:
  // of use between the last committed snapshot and the next alone.
  const std::optional<SavedStep>& saved() const;
  void read_checkpoint(std::uint64_t row, std::uint64_t column, const MatrixSpan& block) const;  // before a new one

  std::size_t submissions_left() const;           // of this rank (checkpoints too), not written yet
  void wait_until_left(std::size_t submissions);  // until at most so many; the memory of the others is free
  // When there is nothing left to compute: until this rank's are on disk. Told as draining, not as stall. What fails is
  // thrown by the next agree() or close().
  void wait_until_written();

  // Local. This rank cannot go on: the next agree() or close() throws this on all ranks.
  void fail(const Failure& failure);

  // Collective, at a step boundary. Completes the exchange that the call before began and begins the next, so that it
  // waits only for ranks more than one call behind. Throws the same Error on all ranks at the same call when any
  // rank's writing failed; what was committed stays.
  StepState agree(int signal);

  // Collective. Waits until all finished snapshots are committed and durable, seals the file when they are all there,
  // removes the lock and, of a finished file, the checkpoint. Throws like agree().
  OutputStats close();

 private:
  struct State;
  explicit SeriesFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace concdemo
