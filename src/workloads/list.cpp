#include "workloads/list.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo {

const std::vector<const Workload*>& workloads() {
  static const std::vector<const Workload*> list{
      &fill_workload,  &square_workload, &sum_workload,    &sumsq_workload,     &dot_workload,
      &stats_workload, &matvec_workload, &matmul_workload, &transpose_workload, &heat_workload};
  return list;
}

const Workload& find_workload(const std::string& name) {
  std::vector<std::string> names;
  for (const Workload* workload : workloads()) {
    if (workload->name == name) return *workload;
    names.emplace_back(workload->name);
  }
  const auto nearest = nearest_name(name, names);
  throw usage_error(
      fmt::format("unknown workload \"{}\"; {}", name,
                  nearest ? "did you mean " + *nearest + "?" : fmt::format("there are {}", fmt::join(names, ", "))));
}

}  // namespace concdemo
