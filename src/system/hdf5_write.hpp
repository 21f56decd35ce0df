#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/shape.hpp"

// The metadata of an output file, written by HDF5 once and before any data.
namespace concdemo {

using AttributeValue = std::variant<std::string, double, std::int64_t>;
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;  // stored in this order

// A float64 dataset. dims names each dimension (equal names have equal extents in one file), or is empty.
struct DatasetSpec {
  std::string name;  // "y", or "group/y"
  Shape shape;
  std::vector<std::string> dims;
  Attributes attributes;
};

namespace hdf5 {

// Bytes of the file that hold one dataset's elements, contiguous; 0 bytes for an empty dataset.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// A uint64 dataset of our own, /concdemo/NAME.
struct TableSpec {
  std::string name;
  Shape shape;
};

struct Skeleton {
  std::uint64_t file_bytes = 0;
  std::vector<Place> data;    // one a dataset
  std::vector<Place> tables;  // one a table
};

constexpr std::uint64_t large_bytes = 64 * 1024;

// Makes the sparse file `path` (replaced when there): user_bytes of user block (a power of two from 4096), attributes
// of the root group, datasets and tables, with no element written; what is not smaller than aligned_from bytes starts
// on a page. The bytes depend on the arguments and the HDF5 version only. Throws usage Error for specs that contradict
// one another, system Error when HDF5 fails.
Skeleton write_skeleton(const std::string& path, std::uint64_t user_bytes, const std::vector<DatasetSpec>& datasets,
                        const std::vector<TableSpec>& tables, const Attributes& attributes,
                        std::uint64_t aligned_from = large_bytes);

}  // namespace hdf5
}  // namespace concdemo
