#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "output/series_file.hpp"
#include "screen/progress.hpp"
#include "workloads/execute.hpp"
#include "workloads/workload.hpp"

// A workload into a file of snapshots of one field over time.
namespace concdemo {

struct SeriesOptions {
  std::string path;
  bool force = false;
  WriterOptions writer;
  std::optional<std::uint64_t> checkpoint_every;  // of a resume: steps; not given: as the run was told
};

struct SeriesOutcome {
  const Workload* workload = nullptr;
  Problem problem;  // what was run; of a resumed file without operands
  Measurement measured;
  OutputStats stats;
  std::uint64_t snapshots = 0;     // in the file when it is whole
  std::uint64_t resumed_from = 0;  // step
  bool whole_before = false;       // there was nothing to compute
  bool mended = false;             // but something to write, which was done and told
};

// Collective. Goes on with a file that a run began, on any layout, by the workload that the file names. Throws
// Error(stopped), on all ranks, when a signal stopped it with its state saved.
SeriesOutcome resume_series(const Context& context, const SeriesOptions& options, Progress& progress);

}  // namespace concdemo
