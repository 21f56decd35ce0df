#pragma once
#include "workloads/workload.hpp"

namespace concdemo {

// One definition in each workload's file; list.cpp puts them in order.
extern const Workload fill_workload;
extern const Workload square_workload;
extern const Workload sum_workload;
extern const Workload sumsq_workload;
extern const Workload dot_workload;
extern const Workload stats_workload;
extern const Workload matvec_workload;
extern const Workload matmul_workload;
extern const Workload transpose_workload;
extern const Workload heat_workload;

}  // namespace concdemo
