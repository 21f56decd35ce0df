#pragma once
#include <cstdint>
#include <string>

#include "output/series_file.hpp"
#include "workloads/workload.hpp"

// What a run of heat and its file of snapshots say of one another: its start, every snapshot_every-th step and its
// last step.
namespace concdemo {

std::uint64_t snapshot_every(const Problem& problem);  // steps
std::uint64_t snapshot_count(const Problem& problem);
std::uint64_t step_of_snapshot(const Problem& problem, std::uint64_t snapshot);

// Of the file at `path` that a run makes; the coordinates where `with_axes`.
SeriesSpec series_spec(const Problem& problem, const std::string& path, bool force, bool with_axes);

// The run that began `file`, with its /u as the start. Throws usage Error where it was not heat's, verification Error
// where it contradicts itself.
Problem problem_of(const SeriesFile& file, const std::string& path);

}  // namespace concdemo
