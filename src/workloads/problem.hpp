#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "workloads/workload.hpp"

namespace concdemo {

// What a person asked `run` for; empty means not given.
struct Request {
  Shape size;
  Fill fill = Fill::uniform;
  std::uint64_t seed = 1;
  std::vector<std::vector<double>> values;
  std::vector<std::string> inputs;  // FILE or FILE:/dataset
  Method method = Method::exact;
  Schedule schedule = Schedule::fixed;
  std::vector<std::pair<std::string, std::string>> own;  // options of one workload: name and text
  std::uint64_t buffer_bytes = std::uint64_t{256} << 20;
};

// Collective. Rank 0 looks at the files, all ranks get the same Problem; throws usage Error for requests that
// contradict themselves or the files.
Problem resolve(const mpi::Comm& comm, const Workload& workload, const Request& request);

// A problem on generated data of a given size; local.
Problem generated_problem(const Workload& workload, const Shape& size, std::uint64_t seed, Fill fill);

// Decides whether the problem is streamed: files larger than the buffers, generated data larger than memory, where the
// workload can. Throws usage Error when the arrays fit neither way into the memory that the node's ranks have
// available.
void plan_memory(const Context& context, const Workload& workload, Problem& problem);

}  // namespace concdemo
