#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "output/series_file.hpp"
#include "screen/progress.hpp"
#include "workloads/execute.hpp"
#include "workloads/workload.hpp"

// A time-stepping workload into a file of snapshots: its start, every problem.snapshot_every-th step and its last step.
namespace concdemo {

struct SeriesOptions {
  std::string path;
  bool force = false;
  WriterOptions writer;
  // Steps; 0: none but when a signal stops the run. Not given: as the run that is resumed was told, if it left one.
  std::optional<std::uint64_t> checkpoint_every;
};

struct SeriesOutcome {
  Problem problem;  // what was run; of a resumed file without operands
  Measurement measured;
  OutputStats stats;
  std::uint64_t snapshots = 0;     // in the file when it is whole
  std::uint64_t resumed_from = 0;  // step
  bool whole_before = false;       // there was nothing to compute
  bool mended = false;             // but something to write, which was done and told
};

// Collective. Both throw Error(stopped), on all ranks, when a signal stopped the run with its state saved.
SeriesOutcome run_series(const Context& context, const Workload& workload, const Problem& problem,
                         const SeriesOptions& options, Progress& progress);
// Goes on with a file that run_series began, on any layout.
SeriesOutcome resume_series(const Context& context, const SeriesOptions& options, Progress& progress);

// The same values by parallel HDF5, as the main threads come to it (heat_hdf5.cpp): without commits, checksums,
// checkpoints or resume. Throws usage Error where HDF5 is a serial build.
SeriesOutcome run_series_by_hdf5(const Context& context, const Workload& workload, const Problem& problem,
                                 const SeriesOptions& options, Progress& progress);

}  // namespace concdemo
