#include "measure/measure.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace concdemo {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

double Samples::min() const { return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end()); }
double Samples::max() const { return seconds.empty() ? 0 : *std::max_element(seconds.begin(), seconds.end()); }
double Samples::median() const { return concdemo::median(seconds); }

Samples measure(const mpi::Comm& comm, int warmup, int repeat, const std::function<void(bool last)>& run,
                const std::function<void(int number)>& before) {
  for (int i = 0; i < warmup; ++i) {
    if (before) before(i + 1);
    run(false);
  }
  const mpi::Comm node = comm.split_by_node();
  Samples samples;
  double worked_s = 0;
  for (int i = 0; i < repeat; ++i) {
    if (before) before(warmup + i + 1);
    comm.barrier();
    comm.barrier();  // a short wait, after which all set out together
    const double start = now_s();
    const double waited = mpi::waited_s();
    run(i + 1 == repeat);
    const double end = now_s();
    worked_s += end - start - (mpi::waited_s() - waited);
    // The ranks of a node share a clock: where they outnumber its cores, some end before others begin.
    const double elapsed = node.max(end) + node.max(-start);
    samples.seconds.push_back(comm.max(elapsed));
  }
  struct Slowest {
    double seconds;
    int rank;
  };
  const auto later = [](const Slowest& in, Slowest& inout) {
    if (in.seconds > inout.seconds || (in.seconds == inout.seconds && in.rank < inout.rank)) inout = in;
  };
  samples.slowest_rank = comm.combine<Slowest>({worked_s, comm.rank()}, later).rank;
  return samples;
}

}  // namespace concdemo
