#pragma once
#include <string>

#include "system/hdf5_read.hpp"

// What a dataset's attributes say of its elements. Call it under the Lock.
namespace concdemo::hdf5 {

// Sets info.packing from scale_factor, add_offset, _FillValue, missing_value, valid_min, valid_max and valid_range, as
// CF's chapters 2.5.1 and 8.1 and the netCDF User's Guide have them, and in a netCDF-4 file without a usable _FillValue
// from netcdf_fill(); honours _Unsigned in info.format. What cannot be honoured is noted in info.notes,
// but for a scale_factor or add_offset, without which every value would be wrong: usage Error. `where` names the
// dataset.
void find_packing(const Handle& dataset, const std::string& where, DatasetInfo& info);

}  // namespace concdemo::hdf5
