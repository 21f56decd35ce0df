#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.hpp"
#include "base/json.hpp"
#include "system/mpi.hpp"

// The usual mistakes of concurrent programming, each run broken and mended, with what it lost or cost.
namespace concdemo {

// One way of doing it, and what was seen.
struct Finding {
  std::string shown;         // the source lines that ran: a name for shown_lines() in mistake_sources.hpp
  std::string way;           // how it is mended: "a mutex"; empty for the broken one
  bool as_expected = false;  // a broken one was caught; a mended one is right
  std::string seen;          // in words, one line
  Json figures;              // as numbers, units in the names
};

struct Findings {
  Finding broken;
  std::vector<Finding> mended;
};

// One lesson. It runs in one process, or (the other of the two functions is null) between ranks: then it takes two of
// them, is collective over all, and has its findings on rank 0. Each takes a bounded time and leaves nothing running.
struct Mistake {
  std::string_view name;
  std::string_view summary;  // one line
  std::string_view mistake;  // what is wrong, a sentence or two
  std::string_view rule;     // what to do instead, always
  Findings (*in_process)() = nullptr;
  Findings (*between_ranks)(const mpi::Comm& world) = nullptr;
  int needs_ranks() const { return between_ranks ? 2 : 1; }
};

// Each in the file of its subject, mistake_*.cpp.
extern const Mistake cpu_under_one_lock_mistake, race_mistake, exit_before_threads_mistake, unjoined_thread_mistake,
    result_before_join_mistake, lock_order_mistake, false_sharing_mistake, unordered_sum_mistake,
    queue_without_condition_mistake, no_limit_mistake, head_to_head_mistake, missing_rank_mistake, buffer_reuse_mistake;

const std::vector<const Mistake*>& mistakes();         // in the order of a course
const Mistake& find_mistake(const std::string& name);  // throws usage Error with the nearest name

struct RunMistake {
  const Mistake* mistake = nullptr;
  Findings findings;
};

// ok when each broken one was caught and each mended one is right; else verification, and which were not.
Failure verdict(const std::vector<RunMistake>& runs);

}  // namespace concdemo
