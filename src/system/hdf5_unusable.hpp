#pragma once
#include <cstdint>
#include <string>

#include "base/error.hpp"

// What a file is that HDF5 cannot open. Nothing here calls HDF5, whose messages do not say it.
namespace concdemo::hdf5 {

struct Content {
  std::uint64_t bytes = 0;
  std::string beginning;        // the first 512 bytes, or fewer
  std::uint64_t signature = 0;  // offset of HDF5's signature, which stands at 0, 512, 1024, 2048, ...
  bool has_signature = false;
  std::string superblock;  // 4 KiB from the signature on, or fewer
};

// Throws usage Error for what is no regular file, or cannot be read; system Error where the system fails to.
Content look_into(const std::string& file);

// Why H5Fopen failed for `reason`, its own words, and what to do.
Error unusable(const std::string& file, const Content& content, const std::string& reason);

}  // namespace concdemo::hdf5
