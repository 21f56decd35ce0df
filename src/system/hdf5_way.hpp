#pragma once
#include "system/hdf5_read.hpp"

namespace concdemo::hdf5 {

// Decides, in this one place, how a dataset's elements are read: fills in `info`'s library_way or, past the library,
// filters, address and unwritten. The rest of it is known. Call it under the Lock.
void find_way(const Handle& dataset, const Handle& creation, DatasetInfo& info);

}  // namespace concdemo::hdf5
