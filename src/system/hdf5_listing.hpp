#pragma once
#include <string>
#include <vector>

#include "system/hdf5_links.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_read.hpp"

// What a file holds, for the choice of its only dataset and for messages. Call it under the Lock.
namespace concdemo::hdf5 {

TypeInfo describe(const Handle& dataset);  // its type; not numeric where MATLAB keeps something else as numbers

std::string name_of(const std::string& file, const std::string& path);  // "FILE:/dataset", as --input takes it

// The datasets below a group, with those that links lead to, in the order of names; circles of links are gone round
// once. `place`: where the group is; `path`: how it was named.
std::vector<ListedDataset> list_below(const Handle& opened, const PathEnd& place, const std::string& path);

// A line each: name, type, shape, and where a link leads or why it does not. Names are quoted for a shell.
std::vector<std::string> listing(const std::string& file, const std::vector<ListedDataset>& datasets);

}  // namespace concdemo::hdf5
