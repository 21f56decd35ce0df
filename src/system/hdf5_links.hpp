#pragma once
#include <string>
#include <vector>

#include "system/hdf5.hpp"

// Names that lead elsewhere: soft and external links, and files that files name. Call all of it under the Lock.
namespace concdemo::hdf5 {

// What names a file: each has an environment variable of its own with folders to look in, HDF5_EXT_PREFIX,
// HDF5_VDS_PREFIX, HDF5_EXTFILE_PREFIX.
enum class NamedBy { external_link, virtual_dataset, external_storage };

// Where HDF5 looks for `name`, which the file `opener` (as it was opened) gives, in its order, each path once.
std::vector<std::string> places_of(NamedBy by, const std::string& opener, const std::string& name);

// The first of these places where something is; usage Error that names them when there is nothing.
std::string find_named(NamedBy by, const std::string& opener, const std::string& name);

// Where a path inside a file ends when every link in it is followed.
struct PathEnd {
  Handle file;                     // of the last external link; not valid while all is in the first file
  std::string file_name;           // as opened
  std::string path;                // of hard links alone; "/" for the root group
  std::string link;                // "b.h5:/x", where the first link on the way leads; empty without one
  std::string broken;              // why the way does not lead there; empty when it does
  std::vector<std::string> files;  // that external links led to

  Id file_or(const Handle& first) const { return file.valid() ? file.get() : first.get(); }
};
PathEnd follow(const Handle& opened, const std::string& file, const std::string& path);

}  // namespace concdemo::hdf5
