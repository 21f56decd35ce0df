#include "system/hdf5_parallel.hpp"

#include <hdf5.h>
#include <hdf5_hl.h>

#include <map>

#include "base/error.hpp"
#include "system/mpi_handle.hpp"

namespace concdemo::hdf5 {

#ifdef H5_HAVE_PARALLEL

bool is_parallel() { return true; }

namespace {

constexpr hsize_t user_bytes = 4096;  // of zeros, by which PartialFile knows the leftover of a killed run

Handle made(hid_t id, Closer closer, const std::string& what) { return {checked(id, what), closer}; }

Handle space_of(const Shape& shape) {
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return made(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose, "data space");
}

void put_attributes(hid_t object, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    const char* key = name.c_str();
    herr_t done = -1;
    if (const auto* text = std::get_if<std::string>(&value)) {
      done = H5LTset_attribute_string(object, ".", key, text->c_str());
    } else if (const auto* number = std::get_if<double>(&value)) {
      done = H5LTset_attribute_double(object, ".", key, number, 1);
    } else {
      const long long whole = std::get<std::int64_t>(value);
      done = H5LTset_attribute_long_long(object, ".", key, &whole, 1);
    }
    checked(done, "attribute " + name);
  }
}

}  // namespace

ParallelFile::ParallelFile(const mpi::Comm& comm, const std::string& path, const std::vector<DatasetSpec>& datasets,
                           const Attributes& attributes)
    : path_(path) {
  const Lock lock;
  const auto creation = made(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "file creation list");
  checked(H5Pset_userblock(creation.get(), user_bytes), "user block");
  checked(H5Pset_obj_track_times(creation.get(), false), "no times");
  const auto access = made(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file access list");
  checked(H5Pset_fapl_mpio(access.get(), comm.handle().comm, MPI_INFO_NULL), "MPI-IO driver");
  checked(H5Pset_alignment(access.get(), large_bytes, user_bytes), "alignment");
  file_ = made(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose, "create " + path);
  put_attributes(file_.get(), attributes);

  // Space for all of it now: no later write changes metadata. No fill values: they would be written first, by one rank.
  const auto layout = made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "dataset creation list");
  checked(H5Pset_obj_track_times(layout.get(), false), "no times");
  checked(H5Pset_alloc_time(layout.get(), H5D_ALLOC_TIME_EARLY), "allocation time");
  checked(H5Pset_fill_time(layout.get(), H5D_FILL_TIME_NEVER), "fill time");
  std::map<std::string, hid_t> scales;
  for (const auto& spec : datasets) {
    const auto space = space_of(spec.shape);
    datasets_.push_back(made(
        H5Dcreate2(file_.get(), spec.name.c_str(), H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
        H5Dclose, "dataset " + spec.name));
    put_attributes(datasets_.back().get(), spec.attributes);
    if (spec.dims == std::vector{spec.name}) {
      checked(H5DSset_scale(datasets_.back().get(), spec.name.c_str()), "dimension scale " + spec.name);
      scales[spec.name] = datasets_.back().get();
    }
  }
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    if (scales.contains(datasets[i].name)) continue;
    for (unsigned d = 0; d < datasets[i].dims.size(); ++d) {
      checked(H5DSattach_scale(datasets_[i].get(), scales.at(datasets[i].dims[d]), d), "dimension scale");
    }
  }
}

void ParallelFile::write(std::size_t dataset, const Shape& start, const Shape& extent, std::span<const double> values) {
  const Lock lock;
  const std::vector<hsize_t> first(start.begin(), start.end()), count(extent.begin(), extent.end());
  const auto in_memory = space_of({values.size()});
  const auto in_file = made(H5Dget_space(datasets_[dataset].get()), H5Sclose, "data space");
  checked(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr), "part");
  const auto transfer = made(H5Pcreate(H5P_DATASET_XFER), H5Pclose, "transfer list");
  checked(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_INDEPENDENT), "independent transfer");
  checked(H5Dwrite(datasets_[dataset].get(), H5T_NATIVE_DOUBLE, in_memory.get(), in_file.get(), transfer.get(),
                   values.data()),
          "cannot write " + path_);
}

void ParallelFile::flush() {
  const Lock lock;
  checked(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "flush " + path_);
}

void ParallelFile::close() {
  datasets_.clear();
  file_.close("close " + path_);
}

#else

bool is_parallel() { return false; }

ParallelFile::ParallelFile(const mpi::Comm&, const std::string& path, const std::vector<DatasetSpec>&,
                           const Attributes&) {
  throw system_error(path + ": HDF5 is a serial build");
}
void ParallelFile::write(std::size_t, const Shape&, const Shape&, std::span<const double>) {}
void ParallelFile::flush() {}
void ParallelFile::close() {}

#endif

}  // namespace concdemo::hdf5
