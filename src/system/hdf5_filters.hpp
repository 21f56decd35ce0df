#pragma once
#include <string>

#include "system/hdf5.hpp"

// The filters through which chunks are stored. Call it under the Lock.
namespace concdemo::hdf5 {

// Throws usage Error that says how to convert the file when a chunk passes through a filter that is not here.
// `creation`: the dataset's creation property list; `where` names the dataset, `file` its file.
void require_filters(const Handle& creation, const std::string& where, const std::string& file);

}  // namespace concdemo::hdf5
