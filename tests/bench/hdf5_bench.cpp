// Snapshots of heat by parallel HDF5, each rank its part, as the main threads come to it: the usual way for many
// processes to write one file, to measure ours against.
// Usage: mpirun -n RANKS hdf5_bench SIDE STEPS EVERY THREADS FILE; prints {"seconds": ..., "bytes": ...}, without the
// time to make the file. Of what concdemo promises, this has nothing:
// - What makes or changes metadata is collective: a rank that calls in another order makes the job hang.
// - Nothing is committed: a reader cannot tell a snapshot that is whole from one that is half there.
// - HDF5 keeps metadata in memory. A run that is killed leaves a file that cannot be opened at all (16 of 16 with
//   HDF5 1.10.8); H5Fflush after every snapshot makes that rarer (4 of 96), at the cost of a write by all ranks.
// - An error is one rank's own: the others wait for ever. With some MPI-IO a full disk is reported by no call at all.
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/failure.hpp"
#include "system/array.hpp"
#include "system/hdf5.hpp"
#include "system/mpi.hpp"
#include "system/mpi_handle.hpp"
#include "workloads/heat/heat_workload.hpp"

using namespace concdemo;

namespace {

using hdf5::checked;
using hdf5::Closer;
using Extents = std::vector<hsize_t>;

constexpr double alpha = 0.2;

hdf5::Handle made(hid_t id, Closer closer, const std::string& what) { return {checked(id, what), closer}; }

hdf5::Handle space_of(const Extents& extents) {
  return made(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose, "data space");
}

class ParallelFile {
 public:
  // Collective. Datasets u[snapshot][row][column] and total[snapshot], whose space is there from the beginning: no
  // later write changes metadata. No fill values: they would be written first, by one rank.
  ParallelFile(const mpi::Comm& comm, const std::string& path, std::uint64_t snapshots, std::uint64_t side) {
    const auto access = made(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file access list");
    checked(H5Pset_fapl_mpio(access.get(), comm.handle().comm, MPI_INFO_NULL), "MPI-IO driver");
    checked(H5Pset_alignment(access.get(), 1 << 16, 4096), "alignment");
    file_ = made(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose, "create " + path);
    const auto layout = made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "dataset creation list");
    checked(H5Pset_alloc_time(layout.get(), H5D_ALLOC_TIME_EARLY), "allocation time");
    checked(H5Pset_fill_time(layout.get(), H5D_FILL_TIME_NEVER), "fill time");
    const auto make = [&](const char* name, const Extents& extents) {
      const auto space = space_of(extents);
      datasets_.push_back(
          made(H5Dcreate2(file_.get(), name, H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
               H5Dclose, name));
    };
    make("u", {snapshots, side, side});
    make("total", {snapshots});
  }

  // Local, blocking.
  void write(std::size_t dataset, const Extents& start, const Extents& extent, const double* values) {
    hsize_t count = 1;
    for (const auto length : extent) count *= length;
    const auto in_memory = space_of({count});
    const auto in_file = made(H5Dget_space(datasets_[dataset].get()), H5Sclose, "data space");
    checked(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), "part");
    const auto transfer = made(H5Pcreate(H5P_DATASET_XFER), H5Pclose, "transfer list");
    checked(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_INDEPENDENT), "independent transfer");
    checked(
        H5Dwrite(datasets_[dataset].get(), H5T_NATIVE_DOUBLE, in_memory.get(), in_file.get(), transfer.get(), values),
        "write");
  }

  void flush() { checked(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "flush"); }  // collective
  void close() {                                                               // collective
    datasets_.clear();
    file_.close("close");
  }

 private:
  hdf5::Handle file_;
  std::vector<hdf5::Handle> datasets_;
};

void bench(const mpi::Comm& comm, std::uint64_t side, std::uint64_t steps, std::uint64_t every, int threads,
           const std::string& path) {
  const Context context{comm, threads};
  HeatSolver solver(context, side, side, alpha, 2);
  Operand start;
  start.shape = {side, side};
  start.seed = 1;  // as concdemo run heat
  load_start(context, start_from(start, threads), solver);
  ParallelFile file(comm, path, 1 + steps / every, side);
  const Tile& tile = solver.tile();
  Array packed(tile.rows.size() * tile.columns.size());  // rows that lie apart would be written one by one
  comm.barrier();
  const double start_s = now_s();
  for (std::uint64_t snapshot = 0; snapshot <= steps / every; ++snapshot) {
    if (snapshot > 0) {
      solver.advance(every - 1);
      solver.advance(1);
    }
    const HeatState state = solver.state(snapshot > 0);
    const MatrixView values = solver.values(solver.current());
    for (std::size_t i = 0; i < values.rows; ++i) {
      std::copy_n(values.data + i * values.stride, values.columns, packed.span().data() + i * values.columns);
    }
    file.write(0, {snapshot, tile.rows.begin, tile.columns.begin}, {1, values.rows, values.columns},
               packed.span().data());
    if (comm.is_root()) file.write(1, {snapshot}, {1}, &state.total);
    file.flush();
  }
  file.close();
  const double seconds = comm.max(now_s() - start_s);
  if (comm.is_root()) { fmt::print("{{\"seconds\": {}, \"bytes\": {}}}\n", seconds, std::filesystem::file_size(path)); }
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Session session;
  const mpi::Comm world = mpi::Comm::world();
  const Failure failure = attempt([&] {
    if (argc != 6) throw usage_error("usage: hdf5_bench SIDE STEPS EVERY THREADS FILE");
    const auto count = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
    bench(world, count(1), count(2), std::max<std::uint64_t>(1, count(3)), static_cast<int>(count(4)), argv[5]);
  });
  if (!failure.failed()) return 0;
  fmt::print(stderr, "{}\n", failure.text);
  mpi::abort(static_cast<int>(failure.code));
}
