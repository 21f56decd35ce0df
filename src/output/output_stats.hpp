#pragma once
#include <cstdint>
#include <string>

#include "base/io_timeline.hpp"

namespace concdemo {

class IoThread;
namespace mpi {
class Comm;
}

// How a file was written. Times are the maximum over ranks.
struct OutputStats {
  std::string file;
  std::uint64_t bytes = 0;
  double io_busy_s = 0;  // in checksums and writes
  double stall_s = 0;    // the main thread's in submit and wait_until_left
  double drain_s = 0;    // the main thread's after its last submission, for its own rank's writes
  double durable_s = 0;  // from create or open to durable
  bool reserved = false;
  double begin_s = 0;   // when it was created or opened, on this process's clock
  IoTimeline timeline;  // of this rank, from then on
};

// Collective, when all that was submitted is durable: what the I/O thread knows of it goes into `stats`, which has the
// rest already. The main thread has waited since drain_begin_s, from sync_begin_s on for the disk.
OutputStats complete(OutputStats stats, const mpi::Comm& comm, IoThread& thread, double drain_begin_s,
                     double sync_begin_s);

}  // namespace concdemo
