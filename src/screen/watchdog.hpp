#pragma once
#include <string>
#include <thread>
#include <vector>

#include "system/mpi.hpp"
#include "system/mpi_shared.hpp"

namespace concdemo {

// While one exists, a thread of each rank looks at what the ranks of its node are doing (base/activity.hpp, in memory
// they share, so that a process that is stopped is seen too). A rank that does not wait for others, or an I/O thread
// with work, that gives no sign of life for `timeout_s` seconds ends the job: one message on stderr names it, its host
// and what it was doing, then MPI_Abort with exit code 3. With timeout_s 0 nothing is ended; the message comes after a
// minute.
// Time in which the watching process was itself suspended does not count.
class Watchdog {
 public:
  // Collective; by the main thread, before I/O threads start. `advice` is what to do when the job was ended.
  Watchdog(const mpi::Comm& comm, double timeout_s, const std::string& advice);
  ~Watchdog();  // collective, but for an exception in flight
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct Board;
  struct Seen;
  void look_on(const std::stop_token& stop);
  void look(std::vector<Seen>& seen, double passed_s);
  bool main_thread_waits(int seat) const;
  void end_job();
  std::string stalled(const std::vector<Seen>& seen, double after_s, bool claim) const;
  std::string late(const std::vector<Seen>& seen, double after_s, bool claim) const;

  const double timeout_s_;
  const std::string host_, advice_;
  const mpi::Comm node_;
  const int seat_;
  const mpi::SharedMemory memory_;
  Board& board_;
  double ending_since_s_ = 0;  // by this process
  std::jthread thread_;
};

}  // namespace concdemo
