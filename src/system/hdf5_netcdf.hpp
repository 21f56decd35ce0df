#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "system/hdf5_read.hpp"

// What the netCDF library means by the datasets that it writes, beside their attributes. Call it under the Lock.
namespace concdemo::hdf5 {

// Whether the dataset is in a file that the netCDF library, or one that says that it writes as netCDF does, has made.
// netCDF 4.4.1 and later sign their files. Older ones are known by what plain HDF5 does not have: dimension ids, or, in
// a root group that keeps the order of creation, scales named as netCDF names them or its default fill value. `info`:
// the dataset's shape and format.
bool is_netcdf4(const Handle& dataset, const DatasetInfo& info);

// A dimension of netCDF that has no variable of its name: a dataset without data.
bool is_netcdf_dimension(const Handle& dataset);

// netCDF has dimensions apart from variables, HDF5 one name for both: a variable that is not the coordinates of the
// dimension of its name is stored under another one. The path of what is meant by `path`; usage Error where that is a
// dimension alone.
std::string netcdf_path(const Handle& open_file, const std::string& file, const std::string& path);

// What a netCDF-4 variable without _FillValue is filled with, as element_bits() gives it in info.format: the fill value
// that was set for the dataset, else (written in NC_NOFILL mode, as nccopy does, or by another library) the type's
// default. Nothing for types that are not netCDF's.
std::optional<std::uint64_t> netcdf_fill(const Handle& dataset, const DatasetInfo& info);

// The extents of a netCDF-4 variable: of its storage, but in an unlimited dimension those of the longest variable that
// has the dimension.
Shape netcdf_extents(const Handle& dataset, const Shape& storage);

}  // namespace concdemo::hdf5
