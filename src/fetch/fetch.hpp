#pragma once
#include <string>
#include <vector>

#include "fetch/display.hpp"
#include "fetch/plan.hpp"
#include "fetch/transfer.hpp"
#include "system/mpi.hpp"

namespace concdemo::fetch {

struct Request {
  std::vector<Item> items;
  Settings settings;
  int parallel = 16;     // transfers at a time, over all ranks
  bool threads = false;  // a thread for each transfer instead of the event loop
  std::string scratch;   // a folder that goes with all in it when a signal ends the process; empty: none
};

struct Summary {
  std::vector<Event> outcomes;  // each item's last event, in the order of the items; on rank 0 only
  std::uint64_t failed = 0;     // on all ranks, as the rest
  double seconds = 0;
  int ranks = 1;  // that had something to do
};

// How many ranks take part, and who fetches what: item i is rank i % ranks's.
struct Assignment {
  int ranks = 1;
  int parallel = 0;  // of this rank's transfers at a time; 0 when it has none
};
Assignment assignment_of(std::size_t items, int parallel, int rank, int size);

// Collective: fetches everything; failures of single files are in the summary. Each rank writes its own files into
// settings.folder. A signal that ends the process removes the unfinished ones first.
Summary fetch_all(const mpi::Comm& world, const Request& request, Display& display);

}  // namespace concdemo::fetch
