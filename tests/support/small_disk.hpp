#pragma once
#include <sys/mount.h>

#include <string>

#include "system/mpi.hpp"

namespace concdemo::test {

// A file system of 2 MiB over the folder; none where this user may not mount.
class SmallDisk {
 public:
  SmallDisk(const mpi::Comm& comm, const std::string& folder) : comm_(comm), folder_(folder) {
    const bool done = comm.is_root() && ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") == 0;
    is_mounted_ = comm.broadcast_value(done);
  }
  ~SmallDisk() {
    comm_.barrier();
    if (is_mounted_ && comm_.is_root()) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }

 private:
  const mpi::Comm& comm_;
  std::string folder_;
  bool is_mounted_ = false;
};

}  // namespace concdemo::test
