#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/partition.hpp"
#include "base/shape.hpp"
#include "kernels/convert.hpp"
#include "system/file_stamp.hpp"
#include "system/hdf5.hpp"
#include "system/hdf5_decode.hpp"

// Numeric datasets of HDF5 and netCDF-4 files as float64. Unusable input throws usage Error, a read that fails in the
// middle system Error with HDF5's own text. Safe to call from any thread, one thread at a time for each reader.
namespace concdemo::hdf5 {

struct Box;
class ChunkCursor;
class ChunkFile;

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
  // How elements are read: why by H5Dread, or empty where threads read and decode what is stored, past its lock:
  // through these filters, in the order in which they were applied, or from this byte of the file on where it has no
  // chunks.
  static constexpr std::uint64_t nowhere = ~std::uint64_t{0};  // nobody wrote it
  std::string library_way;
  std::vector<ChunkFilter> filters;
  std::uint64_t address = nowhere;
  std::vector<std::uint8_t> unwritten;  // the element to stand for those that nobody wrote; empty where HDF5 gives one
  std::vector<std::string> notes;       // what a person should know of it: "its attribute ... is ignored"
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

// Throws usage Error where a file that the elements come from has changed since it was inspected.
void require_unchanged(const DatasetInfo& info);

// What reading cost. Seconds are those of threads, added up.
struct ReadCost {
  std::uint64_t bytes = 0;   // of the file; by H5Dread, of what it handed over
  std::uint64_t chunks = 0;  // that were decoded
  double locate_s = 0, read_s = 0, decode_s = 0;
  void operator+=(const ReadCost& other);
};

// An open dataset. A read throws usage Error where it ends after a file that it came from has changed, and where a
// finite element is beyond the range of float64. Beside the caller's arrays it holds `buffer_bytes` for a slab and the
// chunk cache together, and HDF5 one chunk more while it decompresses. Destroy it before MPI's end.
class DatasetReader {
 public:
  // Throws usage Error as inspect() does, and for a chunk larger than buffer_bytes, naming --buffers.
  DatasetReader(const DatasetInfo& info, std::uint64_t buffer_bytes);
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;

  // The elements of a flat C-order range to `out` (range.size() values); `missing_mask` is empty or as long as `out`:
  // 1 where the element is missing, and NaN in `out`, 0 elsewhere. Each chunk that the range touches is read once.
  // The library's Lock is held for a slab at a time, never during the conversion.
  ConvertCounts read(Range range, std::span<double> out, std::span<std::uint8_t> missing_mask = {}, int threads = 1);

  // The elements of a rectangle of the last two dimensions, row after row to `out`; missing ones become NaN. `plane`:
  // the indices in the dimensions before them.
  ConvertCounts read_rectangle(const Shape& plane, Range rows, Range columns, double* out, int threads = 1);

  // The elements of a flat range as they are stored (DatasetInfo::format): range.size() * format.size bytes.
  void read_stored(Range range, std::byte* out, int threads = 1);

  const ReadCost& cost() const { return cost_; }  // of all reads so far

  // Those of a box, in C order, by H5Dread. Any number of threads may call it, one after the other reads.
  void read_box(const Box& box, std::byte* out) { fetch(box, out); }

 private:
  void fetch(const Box& box, std::byte* raw);
  std::byte* slab(std::uint64_t bytes);  // room for so many, at least
  // Chunked storage: visit(elements as stored, where) over the range.
  void visit_chunks(Range range, const std::function<void(const std::byte*, Range)>& visit);
  // Past the library, by a team of threads: every run of the region within `range` that is stored: `in_chunk` of the
  // chunk at which the cursor stands is `flat` of the dataset.
  using RunVisitor = std::function<void(ChunkCursor&, Range in_chunk, Range flat, ConvertCounts&)>;
  ConvertCounts visit_runs(const Box& region, Range range, int threads, const RunVisitor& visit);
  ConvertCounts convert_run(ChunkCursor& cursor, Range in_chunk, double* out, std::uint8_t* missing_mask) const;
  // Where the file holds less than the shape says: all of `out` as missing, which what is stored then replaces.
  ConvertCounts missing_outside(Range range, std::span<double> out, std::span<std::uint8_t> missing_mask) const;

  DatasetInfo info_;
  std::uint64_t buffer_bytes_ = 0, slab_elements_ = 0;
  std::unique_ptr<ChunkFile> direct_;
  ReadCost cost_;
  Handle file_, dataset_, space_, type_;
  std::vector<std::byte> slab_;
};

}  // namespace concdemo::hdf5
