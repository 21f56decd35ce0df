#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "measure/record.hpp"
#include "output/run_files.hpp"
#include "workloads/execute.hpp"
#include "workloads/run_report.hpp"

namespace concdemo {

// Where a measurement goes: the screen, as text, as the values alone or as its record; and a file of records.
struct ResultOptions {
  std::string record;  // empty: none
  bool json = false;
  bool quiet = false;
};
void add_result_options(CLI::App& command, ResultOptions& options);  // --record, --json

// Collective: opens the file of records on rank 0, before anything is computed. Throws usage Error where it is one of
// the run's other `files`, or these are not apart.
std::optional<RecordFile> open_records(const mpi::Comm& world, const ResultOptions& options, RunFiles files = {});

// Collective: throws verification Error for a wrong result.
void require_right(const Workload& workload, const Measurement& measured);

// Collective. `output` may be null.
void show_result(const mpi::Comm& world, const Workload& workload, const Problem& problem, const Layout& layout,
                 const Measurement& measured, const OutputStats* output, const ResultOptions& options,
                 std::optional<RecordFile>& records);

}  // namespace concdemo
