#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/partition.hpp"
#include "base/shape.hpp"
#include "kernels/convert.hpp"
#include "system/file_stamp.hpp"
#include "system/hdf5.hpp"

// Numeric datasets of HDF5 and netCDF-4 files as float64. Unusable input throws usage Error, a read that fails in the
// middle system Error with HDF5's own text. Safe to call from any thread, one thread at a time for each reader.
namespace concdemo::hdf5 {

struct Box;

// What every rank needs to know to read its part; rank 0 finds it out once.
struct DatasetInfo {
  std::string file;
  std::string path;  // absolute, inside the file
  Shape shape;
  Shape storage;                    // extents in the file, where they are not the shape: what is not there is missing
  ElementFormat format;             // of the elements as HDF5 hands them over
  bool library_conversion = false;  // odd types: HDF5 converts to native_type(format)
  Packing packing;
  Shape chunk;                      // as many extents as shape; empty where the storage has no chunks
  std::string type_name;            // "int16", "big-endian float64", "80-bit float"
  std::vector<files::Stamp> files;  // that the elements come from: the named one first, then those of links and sources
  std::uint64_t uncovered = 0;      // elements of a virtual dataset that no source is to give: its fill value
  std::vector<std::string> notes;   // what a person should know of it: "its attribute ... is ignored"
  bool may_miss() const { return packing.may_miss() || !storage.empty(); }
  bool operator==(const DatasetInfo&) const = default;
};

struct ListedDataset {
  std::string path;
  Shape shape;
  std::string type_name;
  bool numeric = false;          // integers or floats, in a dataspace that can hold elements
  bool dimension_scale = false;  // the coordinates of another dataset
  std::string link;              // where a link on the way leads: "other.h5:/x"
  std::string broken;            // why it cannot be read
  bool again = false;            // a link to what another path leads to as well
};

// Elements [flat.begin, flat.end) as float64: convert_to_double() of `raw`, but that those which the file does not hold
// are missing, whatever lies in `raw` for them.
ConvertCounts to_double(const DatasetInfo& info, const std::byte* raw, Range flat, double* out,
                        std::uint8_t* missing_mask);

// Every dataset of the file in the order of names, those that links lead to as well, and links that lead nowhere;
// netCDF dimensions without a variable are left out.
std::vector<ListedDataset> list_datasets(const std::string& file);

// `path` empty: the only numeric dataset, or the only one that is not a dimension scale.
DatasetInfo inspect(const std::string& file, const std::string& path);

// Bytes and back, exactly, whatever the names hold.
std::string to_cbor(const DatasetInfo& info);
DatasetInfo from_cbor(const std::string& bytes);

struct ReadCounts : ConvertCounts {
  std::uint64_t bytes = 0;  // handed over by HDF5: uncompressed, whole chunks
};

// An open dataset. A read throws usage Error where it ends after a file that it came from has changed, and where a
// finite element is beyond the range of float64. Beside the caller's arrays it holds `buffer_bytes` for a slab and the
// chunk cache together, and HDF5 one chunk more while it decompresses. Destroy it before MPI's end.
class DatasetReader {
 public:
  // Throws usage Error as inspect() does, and for a chunk larger than buffer_bytes, naming --buffers.
  DatasetReader(const DatasetInfo& info, std::uint64_t buffer_bytes);

  // The elements of a flat C-order range to `out` (range.size() values); `missing_mask` is empty or as long as `out`:
  // 1 where the element is missing, and NaN in `out`, 0 elsewhere. Each chunk that the range touches is read once.
  // The library's Lock is held for a slab at a time, never during the conversion.
  ReadCounts read(Range range, std::span<double> out, std::span<std::uint8_t> missing_mask = {});

  // The elements of a rectangle of the last two dimensions, row after row to `out`; missing ones become NaN. `plane`:
  // the indices in the dimensions before them.
  ReadCounts read_rectangle(const Shape& plane, Range rows, Range columns, double* out);

  // The elements of a flat range as they are stored (DatasetInfo::format): range.size() * format.size bytes.
  void read_stored(Range range, std::byte* out);

 private:
  void fetch(const Box& box, std::byte* raw);
  void require_unchanged() const;
  std::byte* slab(std::uint64_t bytes);  // room for so many, at least
  // Chunked storage: visit(elements as stored, where) over the range; returns the bytes that HDF5 handed over.
  std::uint64_t visit_chunks(Range range, const std::function<void(const std::byte*, Range)>& visit);

  DatasetInfo info_;
  std::uint64_t slab_elements_ = 0;
  std::vector<std::byte> unwritten_;  // the element to stand for those that nobody wrote, where HDF5 has none to give
  Handle file_, dataset_, space_, type_;
  std::vector<std::byte> slab_;
};

}  // namespace concdemo::hdf5
