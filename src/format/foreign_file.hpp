#pragma once
#include <string>

#include "system/file.hpp"

// Files that verify and resume can do nothing with, in words.
namespace concdemo {

// What a file without our header is: "it is an HDF5 file made by another program", "it is empty".
std::string foreign_kind(int file);

// Opens a regular file at `target`, which `path` names (links followed; empty where nothing is). Throws usage Error
// where it cannot, with what a run left there that never got so far as to make it.
files::File open_file(const std::string& path, const std::string& target, int flags, const std::string& advice);

}  // namespace concdemo
