#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "system/hdf5.hpp"

// Elements that lie outside of the file of their dataset: virtual datasets and external storage. HDF5 reads what it
// does not find there as fill values or zeros, without a word. Call it under the Lock.
namespace concdemo::hdf5 {

struct Sources {
  std::vector<std::string> files;  // as HDF5 finds them, each once, those of nested virtual datasets too
  std::uint64_t uncovered = 0;     // elements that no source is to give: the fill value, by definition
};

// Holds all that the dataset takes from elsewhere against what is there: usage Error that names the source and what it
// lacks. `file`: the dataset's, as it was opened; `where` names the dataset. To be called before HDF5 is asked for the
// shape of a virtual dataset.
Sources examine_sources(const Handle& dataset, const std::string& file, const std::string& where);

}  // namespace concdemo::hdf5
