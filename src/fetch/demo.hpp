#pragma once
#include <string>
#include <vector>

#include "screen/progress.hpp"
#include "system/mpi.hpp"

// Requests and downloads without a network: a server on this machine's loopback that takes its time, and what waiting
// for all of it at once gains.
namespace concdemo::fetch {

struct Weather {
  std::string city;
  double temperature_c = 0;
  int humidity_percent = 0;
};

// What waiting in turn took, and waiting for all at once.
struct Waited {
  double serial_s = 0;
  double parallel_s = 0;
};

struct Demo {
  std::vector<Weather> weather;
  int ranks = 1;  // that shared the files
  Waited for_requests, for_files;
};

// Collective; the answer is rank 0's. Ranks that do not share rank 0's node do nothing: its loopback is not theirs.
// Files go into a temporary folder, are checked by SHA-256 and removed. System Error when anything failed.
Demo run_demo(const mpi::Comm& world, Progress& progress);

std::string to_text(const Demo& demo);
std::string result_lines(const Demo& demo);  // "requests one after the other = 61.2 ms", a line each
std::string to_json(const Demo& demo);

}  // namespace concdemo::fetch
