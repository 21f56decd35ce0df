#pragma once
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "layout/formed_layout.hpp"
#include "measure/sweep_verdict.hpp"
#include "screen/progress.hpp"
#include "workloads/execute.hpp"

// Workloads on every layout that this job can form, in turn.
namespace concdemo {

struct SweepItem {
  const Workload* workload = nullptr;
  Shape size;  // in all; of one core when weak: the first extent then grows with the cores
};

struct SweepOptions {
  std::vector<SweepItem> items;
  bool weak = false;
  int rounds = 8;
  double budget_s = 300;
};

struct Sweep {
  Ceilings ceilings;
  std::vector<SweptWorkload> workloads;
  std::vector<std::string> left_out;  // what was not measured in full, and why
  std::uint64_t compared = 0;         // results held against another layout's
};

// Called on rank 0 with the record of each visit, as soon as it is made.
using PointSink = std::function<void(const Json& record)>;

// Collective. A round visits every point, forwards and backwards in turn, so that drift falls on all alike; each visit
// prepares, runs, verifies. A visit that would end after the budget, by what earlier ones took or by its work and the
// peaks, is left out. Throws verification Error for a wrong result and for one that differs from another layout's. The
// result counts on rank 0.
Sweep run_sweep(Formation& formation, const mpi::Comm& world, const SweepPlan& plan, const SweepOptions& options,
                const PointSink& sink, Progress& progress);

// Results of the same problem by layout: throws verification Error when one differs from the first.
class SameResults {
 public:
  void add(const std::string& problem, const SweepLayout& layout, const Json& result);
  std::uint64_t compared() const { return compared_; }  // with another layout's

 private:
  struct First {
    std::string problem;
    SweepLayout layout;
    Json result;
  };
  std::vector<First> first_;
  std::uint64_t compared_ = 0;
};

}  // namespace concdemo
