#include "measure/rank_peaks.hpp"

#include <algorithm>

#include "kernels/peaks.hpp"

namespace concdemo {
namespace {

double measure_here(int threads, Bound bound, Array& buffer) {
  switch (bound) {
    case Bound::read: return read_bandwidth_peak(buffer.span(), threads);
    case Bound::copy: return copy_bandwidth_peak(buffer.span(), threads);
    case Bound::fma: return fma_peak(threads);
    case Bound::none: break;
  }
  return 0;
}

}  // namespace

Array beyond_caches(int threads) {
  return touched_array(static_cast<std::uint64_t>(std::min(threads, 8)) << 24, threads);
}

std::optional<Peak> measure_peak(const mpi::Comm& comm, int threads, Bound bound) {
  if (bound == Bound::none) return {};
  Array buffer;
  mpi::together(comm, [&] {
    if (bound == Bound::fma) return;
    buffer = beyond_caches(threads);
  });
  comm.barrier();
  const double mine = measure_here(threads, bound, buffer);
  const double all = comm.combine<double>(mine, [](const double& in, double& inout) { inout += in; });
  return Peak{all, bound == Bound::fma ? "FMA peak" : bound == Bound::read ? "read bandwidth" : "copy bandwidth"};
}

}  // namespace concdemo
