#pragma once
#include <string>

#include "format/commit_entry.hpp"

namespace concdemo {

bool is_checkpoint(int file);  // of any run, whole or not

std::string checkpoint_start();  // the first bytes of one that was just made: an empty commit entry and the mark

Sector read_sector(int file, std::uint64_t offset);  // zeros where it cannot be read

}  // namespace concdemo
