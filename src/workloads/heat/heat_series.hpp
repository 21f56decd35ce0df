#pragma once
#include "workloads/workload.hpp"

namespace concdemo {

// Into a file of snapshots: the start, every --snapshot-every'th step and the last one.
extern const SeriesRunner heat_series;

}  // namespace concdemo
