#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "measure/measure.hpp"
#include "measure/rank_peaks.hpp"
#include "screen/progress.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

struct ExecuteOptions {
  int warmup = 0;
  int repeat = 1;
  Sink sink;          // written by the last repetition; the caller commits
  bool peak = false;  // measure the peak that limits the workload, where its data exceed the caches
  std::string label;  // before what progress shows: "one core, "
};

// What a person waited for, one after the other.
struct Phases {
  double open_s = 0;  // until the workload is known: MPI, the layout, a look at the files; the command's to add
  double read_s = 0;  // reading, or generating
  double compute_s = 0;
  double verify_s = 0;
  double peak_s = 0;   // measuring the machine's peak
  double write_s = 0;  // what was still to be written when the computing was done
  double whole_s() const { return open_s + read_s + compute_s + verify_s + peak_s + write_s; }
};

// What one execution of a workload showed; the same on every rank.
struct Measurement {
  std::shared_ptr<Job> job;  // keeps what was handed to the sink alive
  Samples samples;
  Cost cost;
  ConvertCounts counts;
  Phases phases;
  std::optional<Reading> reading;    // where the execution itself read files
  std::optional<Pipeline> pipeline;  // where data larger than memory were streamed
  Json result;
  std::string headline;
  Verification verification;
  mpi::Traffic traffic;              // of one execution, maximum over ranks
  std::uint64_t peak_rss_bytes = 0;  // largest of any rank, before peaks are measured
  std::optional<Peak> peak;          // never below what the workload itself reached
  double rate() const;               // per second, by the median: flops where the FMA units limit, else bytes
  double best_rate() const;          // by the shortest sample
  std::string rate_unit() const;
};

// Collective: prepare, execute (warm-up and repeats), verify. Shows its phases, and leaves the last one to the caller.
Measurement execute(const Context& context, const Workload& workload, const Problem& problem,
                    const ExecuteOptions& options, Progress& progress);

}  // namespace concdemo
