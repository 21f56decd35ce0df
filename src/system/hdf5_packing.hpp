#pragma once
#include <string>

#include "system/hdf5_read.hpp"

// What the attributes of a dataset say. Call it under the Lock.
namespace concdemo::hdf5 {

// The text of a string attribute, of fixed or variable length; empty when there is none.
std::string attribute_text(const Handle& dataset, const char* name);

// Sets info.packing from scale_factor, add_offset, _FillValue and missing_value, numbers of any type and the last two
// also lists, and honours netCDF's _Unsigned in info.format. `where` names the dataset in a usage Error.
void find_packing(const Handle& dataset, const std::string& where, DatasetInfo& info);

}  // namespace concdemo::hdf5
