#pragma once
#include <string>

#include "base/shape.hpp"
#include "kernels/convert.hpp"
#include "system/hdf5.hpp"

// What inspecting and reading a file share. Call all of it under the Lock.
namespace concdemo::hdf5 {

// For reading; usage Error that says what the file is when it is not a sound HDF5 file.
Handle open_file(const std::string& file);

// Keeps decompressed chunks of up to cache_bytes; usage Error when there is no such dataset.
Handle open_dataset(const Handle& open_file, const std::string& file, const std::string& path,
                    std::uint64_t cache_bytes = 0);

Shape shape_of(const Handle& space);  // empty for a scalar

struct TypeInfo {
  std::string name;      // "int16", "big-endian float64", "strings"
  bool numeric = false;  // integers of up to 64 bits, also enumerations and bit fields, or floats of up to 128
  ElementFormat format;
  bool library_conversion = false;  // HDF5 is to convert to native_type()
};
TypeInfo describe_type(const Handle& type);

// What HDF5 converts elements of an odd `type` to: int64, uint64, a bit field of 64 bits or IEEE 754's binary128, in
// the byte order of this machine.
Handle native_type(const Handle& type, ElementFormat format);

}  // namespace concdemo::hdf5
