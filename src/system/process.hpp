#pragma once
#include <string>

// What tells this process from others that were meant to be started like it.
namespace concdemo {

// The linker's hash of the running program in hexadecimal digits: two builds of one commit with other options differ.
// "" where the linker made none.
std::string build_id();

struct WorkingFolder {
  std::string path;  // "" where it is gone or may not be asked for
  // Equal where two processes, of one machine or of two, see one folder: on the machine's own disks by device and
  // inode, which names and mounts cannot feign; on network file systems by inode and last name, as automounters choose
  // the rest.
  std::string key;
};
WorkingFolder working_folder();

}  // namespace concdemo
