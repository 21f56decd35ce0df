#pragma once
#include <string>

#include "base/error.hpp"

// Files that verify and resume can do nothing with, in words.
namespace concdemo {

// What a file without our header is: "it is an HDF5 file made by another program", "it is empty".
std::string foreign_kind(int file);

// Why `path` was not opened: errno, and what a run left there that never got so far as to make it.
Error cannot_open(const std::string& path, int error, const std::string& advice);

}  // namespace concdemo
