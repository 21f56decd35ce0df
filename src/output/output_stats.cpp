#include "output/output_stats.hpp"

#include "base/clock.hpp"
#include "output/io_thread.hpp"
#include "system/mpi.hpp"

namespace concdemo {

OutputStats complete(OutputStats stats, const mpi::Comm& comm, IoThread& thread, double drain_begin_s,
                     double sync_begin_s) {
  const double end_s = now_s();
  thread.note([&](IoTimeline& timeline) {
    timeline.sync(sync_begin_s, end_s);
    timeline.wait(drain_begin_s, end_s);
    timeline.commit(timeline.submitted(), end_s);
  });
  stats.timeline = thread.timeline().since(stats.begin_s);
  stats.io_busy_s = comm.max(thread.busy_s());
  stats.stall_s = comm.max(thread.stall_s());
  stats.drain_s = comm.max(stats.drain_s);
  stats.durable_s = comm.max(now_s() - stats.begin_s);
  return stats;
}

}  // namespace concdemo
