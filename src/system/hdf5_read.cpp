#include "system/hdf5_read.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "system/hdf5_chunks.hpp"
#include "system/hdf5_crash.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_slabs.hpp"

namespace concdemo::hdf5 {

namespace {

// Conversion follows each read and should find the elements in the cache of the processor: larger slabs are slower.
constexpr std::uint64_t unchunked_slab_bytes = 1 << 20;
constexpr std::uint64_t chunked_slab_bytes = 4 << 20;  // whole rows of chunks make longer runs

std::vector<hsize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;

DatasetReader::DatasetReader(const DatasetInfo& info, std::uint64_t buffer_bytes)
    : info_(info), buffer_bytes_(buffer_bytes) {
  const Lock lock;
  const CrashGuard guard(info.file + ":" + info.path);
  const auto element = static_cast<std::uint64_t>(info.format.size);
  std::uint64_t slab_bytes = std::min(buffer_bytes, unchunked_slab_bytes);
  std::uint64_t cache_bytes = 0;
  if (!info.chunk.empty()) {
    const std::uint64_t chunk_bytes = element_count(info.chunk) * element;
    if (chunk_bytes > buffer_bytes) {
      throw usage_error(
          fmt::format("{}:{} is stored in chunks of {} bytes ({}), more than --buffers {}; "
                      "give --buffers {}",
                      info.file, info.path, chunk_bytes, to_text(info.chunk), buffer_bytes, chunk_bytes));
    }
    slab_bytes = std::max(std::min(buffer_bytes / 2, chunked_slab_bytes), chunk_bytes);
    cache_bytes = buffer_bytes - slab_bytes;
  }
  slab_elements_ = std::max(slab_bytes / element, std::uint64_t{1});
  file_ = open_file(info.file);
  dataset_ = open_dataset(file_, info.file, info.path, cache_bytes);
  space_ = Handle(readable(H5Dget_space(dataset_.get()), info.file), H5Sclose);
  const Shape& expected = info.storage.empty() ? info.shape : info.storage;
  if (shape_of(space_) != expected) {
    throw usage_error(fmt::format("{}:{} has the shape {} here and {} on rank 0; give every node the same file",
                                  info.file, info.path, to_text(shape_of(space_)), to_text(expected)));
  }
  type_ = Handle(H5Dget_type(dataset_.get()), H5Tclose);
  if (info.library_conversion) type_ = native_type(type_, info.format);
  if (H5Tget_size(type_.get()) != element) {
    throw usage_error(
        fmt::format("{}:{} has another type here than on rank 0; give every node the same file", info.file, info.path));
  }
  if (info.library_way.empty()) direct_ = std::make_unique<ChunkFile>(info_);
  require_unchanged(info_);
}

std::byte* DatasetReader::slab(std::uint64_t bytes) {
  if (slab_.size() < bytes) slab_.resize(bytes);
  return slab_.data();
}

void require_unchanged(const DatasetInfo& info) {
  for (const files::Stamp& each : info.files) files::require_unchanged(each);
}

void DatasetReader::fetch(const Box& box, std::byte* raw) {
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  const Box inside = info_.storage.empty() ? box : clipped(box, info_.storage);
  if (!info_.unwritten.empty()) {
    for (std::uint64_t i = 0; i < box.elements(); ++i) std::memcpy(raw + i * size, info_.unwritten.data(), size);
  } else if (inside.count != box.count) {
    std::memset(raw, 0, box.elements() * size);
  }
  if (inside.elements() == 0) return;
  const auto where = [&](const char* what) {
    return fmt::format("{}:{}: {} {} elements from index [{}] on failed", info_.file, info_.path, what, box.elements(),
                       fmt::join(box.start, ", "));
  };
  const Lock lock;
  const CrashGuard guard(info_.file + ":" + info_.path);
  Handle memory;
  if (info_.shape.empty()) {
    memory = Handle(H5Screate(H5S_SCALAR), H5Sclose);
  } else {
    const auto start = extents(box.start);
    const auto whole = extents(box.count);
    const auto count = extents(inside.count);
    // Of the same shape as the selection: else HDF5 copies element by element.
    memory = Handle(H5Screate_simple(static_cast<int>(whole.size()), whole.data(), nullptr), H5Sclose);
    readable(H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
             where("selecting"));
    if (count != whole) {
      const std::vector<hsize_t> origin(whole.size(), 0);
      checked(H5Sselect_hyperslab(memory.get(), H5S_SELECT_SET, origin.data(), nullptr, count.data(), nullptr),
              where("selecting"));
    }
  }
  checked(memory.get(), where("selecting"));
  if (H5Dread(dataset_.get(), type_.get(), memory.get(), space_.get(), H5P_DEFAULT, raw) < 0) {
    const std::uint64_t chunk = info_.chunk.empty() ? 0 : element_count(info_.chunk);
    const Error error = unreadable(
        where("reading"), (box.elements() + 4 * chunk) * static_cast<std::uint64_t>(info_.format.size) + (64 << 20));
    throw system_error(error.what());  // what was inspected as sound is not: no matter of usage
  }
  if (const auto found = first_out_of_range(raw, info_.format, info_.packing, box.elements())) {
    throw usage_error(
        fmt::format("{}:{} has an element at index [{}] that is beyond the range of float64, which ends at "
                    "1.8e308; scale the data, or mark it as missing",
                    info_.file, info_.path, fmt::join(index_in(box, *found), ", ")));
  }
  cost_.bytes += inside.elements() * size;
  tally::add(tally::Unit::bytes, inside.elements() * size);
}

void DatasetReader::read_stored(Range range, std::byte* out, int threads) {
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  if (range.begin > range.end || range.end > element_count(info_.shape)) {
    throw std::invalid_argument("DatasetReader::read_stored: no such range");
  }
  if (direct_) {
    visit_runs(bounds_of(info_.shape, range), range, threads,
               [&](ChunkCursor& cursor, Range in_chunk, Range flat, ConvertCounts&) {
                 cursor.read(in_chunk, out + (flat.begin - range.begin) * size);
               });
    return require_unchanged(info_);
  }
  if (info_.chunk.empty()) {
    visit_runs_as_boxes(info_.shape, range, slab_elements_, [&](const Box& box) {
      fetch(box, out);
      out += box.elements() * size;
    });
    return require_unchanged(info_);
  }
  visit_chunks(range, [&](const std::byte* raw, Range flat) {
    std::memcpy(out + (flat.begin - range.begin) * size, raw, flat.size() * size);
  });
  require_unchanged(info_);
}

ConvertCounts to_double(const DatasetInfo& info, const std::byte* raw, Range flat, double* out,
                        std::uint8_t* missing_mask) {
  if (info.storage.empty()) return convert_to_double(raw, info.format, info.packing, flat.size(), out, missing_mask);
  ConvertCounts counts;
  visit_runs_in_storage(info.shape, info.storage, flat, [&](Range run, bool is_there) {
    const std::uint64_t at = run.begin - flat.begin;
    std::uint8_t* mask = missing_mask == nullptr ? nullptr : missing_mask + at;
    if (is_there) {
      counts += convert_to_double(raw + at * static_cast<std::uint64_t>(info.format.size), info.format, info.packing,
                                  run.size(), out + at, mask);
    } else {
      std::fill_n(out + at, run.size(), std::numeric_limits<double>::quiet_NaN());
      if (mask != nullptr) std::fill_n(mask, run.size(), std::uint8_t{1});
      counts.missing += run.size();
    }
  });
  return counts;
}

void DatasetReader::visit_chunks(Range range, const std::function<void(const std::byte*, Range)>& visit) {
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  visit_chunk_boxes(info_.shape, info_.chunk, range, slab_elements_, [&](const Box& box) {
    fetch(box, slab(box.elements() * size));
    visit_runs_of_box(info_.shape, box, box, range,
                      [&](Range flat, std::uint64_t offset) { visit(slab_.data() + offset * size, flat); });
  });
}

ConvertCounts DatasetReader::read(Range range, std::span<double> out, std::span<std::uint8_t> missing_mask,
                                  int threads) {
  if (range.begin > range.end || range.end > element_count(info_.shape) || out.size() != range.size() ||
      (!missing_mask.empty() && missing_mask.size() != out.size())) {
    throw std::invalid_argument("DatasetReader::read: range and arrays do not fit");
  }
  ConvertCounts counts;
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  const auto mask_at = [&](std::uint64_t at) { return missing_mask.empty() ? nullptr : missing_mask.data() + at; };
  if (direct_) {
    counts = missing_outside(range, out, missing_mask);
    counts += visit_runs(bounds_of(info_.shape, range), range, threads,
                         [&](ChunkCursor& cursor, Range in_chunk, Range flat, ConvertCounts& mine) {
                           const std::uint64_t at = flat.begin - range.begin;
                           mine += convert_run(cursor, in_chunk, out.data() + at, mask_at(at));
                         });
    require_unchanged(info_);
    return counts;
  }
  const auto deliver = [&](const std::byte* raw, Range flat) {
    const std::uint64_t at = flat.begin - range.begin;
    counts += to_double(info_, raw, flat, out.data() + at, mask_at(at));
  };
  if (info_.chunk.empty()) {
    Range run{range.begin, range.begin};
    visit_runs_as_boxes(info_.shape, range, slab_elements_, [&](const Box& box) {
      run = {run.end, run.end + box.elements()};
      const std::uint64_t bytes = run.size() * size;
      // In place where they fit: the raw elements go to the end of where their values will be.
      std::byte* raw = size <= sizeof(double)
                           ? reinterpret_cast<std::byte*>(out.data() + (run.end - range.begin)) - bytes
                           : slab(bytes);
      fetch(box, raw);
      deliver(raw, run);
    });
  } else {
    visit_chunks(range, deliver);
  }
  require_unchanged(info_);
  return counts;
}

}  // namespace concdemo::hdf5
