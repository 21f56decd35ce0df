#include "system/hdf5_read.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_slabs.hpp"

namespace concdemo::hdf5 {

namespace {

// Conversion follows each read and should find the elements in the cache of the processor: larger slabs are slower.
constexpr std::uint64_t unchunked_slab_bytes = 1 << 20;
constexpr std::uint64_t chunked_slab_bytes = 4 << 20;  // whole rows of chunks make longer runs

std::vector<hsize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

// HDF5 writes nothing to the caller's memory for elements without storage and without a fill value.
bool may_be_unwritten(Id dataset) {
  const Handle plist(H5Dget_create_plist(dataset), H5Pclose);
  H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
  H5D_fill_time_t time = H5D_FILL_TIME_ERROR;
  H5Pfill_value_defined(plist.get(), &defined);
  H5Pget_fill_time(plist.get(), &time);
  return defined == H5D_FILL_VALUE_UNDEFINED || time == H5D_FILL_TIME_NEVER;
}

}  // namespace

DatasetReader::DatasetReader(const DatasetInfo& info, std::uint64_t buffer_bytes) : info_(info) {
  const Lock lock;
  const auto element = static_cast<std::uint64_t>(info.format.size);
  std::uint64_t slab_bytes = std::min(buffer_bytes, unchunked_slab_bytes);
  std::uint64_t cache_bytes = 0;
  if (!info.chunk.empty()) {
    const std::uint64_t chunk_bytes = element_count(info.chunk) * element;
    if (chunk_bytes > buffer_bytes) {
      throw usage_error(fmt::format("{}:{} is stored in chunks of {} bytes ({}), more than --buffers {}; "
                                    "give --buffers {}",
                                    info.file, info.path, chunk_bytes, to_text(info.chunk), buffer_bytes, chunk_bytes));
    }
    slab_bytes = std::max(std::min(buffer_bytes / 2, chunked_slab_bytes), chunk_bytes);
    cache_bytes = buffer_bytes - slab_bytes;
  }
  slab_elements_ = std::max(slab_bytes / element, std::uint64_t{1});
  file_ = open_file(info.file);
  dataset_ = open_dataset(file_, info.file, info.path, cache_bytes);
  space_ = Handle(checked(H5Dget_space(dataset_.get()), info.file), H5Sclose);
  if (shape_of(space_) != info.shape) {
    throw usage_error(fmt::format("{}:{} has the shape {} here and {} on rank 0; give every node the same file",
                                  info.file, info.path, to_text(shape_of(space_)), to_text(info.shape)));
  }
  type_ = info.library_conversion ? native_type(info.format) : Handle(H5Dget_type(dataset_.get()), H5Tclose);
  if (H5Tget_size(type_.get()) != element) {
    throw usage_error(fmt::format("{}:{} has another type here than on rank 0; give every node the same file",
                                  info.file, info.path));
  }
  unwritten_ = may_be_unwritten(dataset_.get());
  require_unchanged();
}

void DatasetReader::require_unchanged() const {
  for (const files::Stamp& each : info_.files) files::require_unchanged(each);
}

void DatasetReader::fetch(const Box& box, std::byte* raw) {
  if (unwritten_) std::memset(raw, 0, box.elements() * static_cast<std::uint64_t>(info_.format.size));
  const auto where = [&](const char* what) {
    return fmt::format("{}:{}: {} {} elements from index [{}] on failed", info_.file, info_.path, what, box.elements(),
                       fmt::join(box.start, ", "));
  };
  const Lock lock;
  Handle memory;
  if (info_.shape.empty()) {
    memory = Handle(H5Screate(H5S_SCALAR), H5Sclose);
  } else {
    const auto start = extents(box.start);
    const auto count = extents(box.count);
    // Of the same shape as the selection: else HDF5 copies element by element.
    memory = Handle(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
    checked(H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
            where("selecting"));
  }
  checked(memory.get(), where("selecting"));
  if (H5Dread(dataset_.get(), type_.get(), memory.get(), space_.get(), H5P_DEFAULT, raw) < 0) {
    throw system_error(where("reading") + ": " + error_text());
  }
  tally::add(tally::Unit::bytes, box.elements() * static_cast<std::uint64_t>(info_.format.size));
}

void DatasetReader::read_stored(Range range, std::byte* out) {
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  if (range.begin > range.end || range.end > element_count(info_.shape)) {
    throw std::invalid_argument("DatasetReader::read_stored: no such range");
  }
  if (info_.chunk.empty()) {
    visit_runs_as_boxes(info_.shape, range, slab_elements_, [&](const Box& box) {
      fetch(box, out);
      out += box.elements() * size;
    });
    return require_unchanged();
  }
  visit_chunks(range, [&](const std::byte* raw, Range flat) {
    std::memcpy(out + (flat.begin - range.begin) * size, raw, flat.size() * size);
  });
  require_unchanged();
}

std::uint64_t DatasetReader::visit_chunks(Range range, const std::function<void(const std::byte*, Range)>& visit) {
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  std::uint64_t read_bytes = 0;
  visit_chunk_boxes(info_.shape, info_.chunk, range, slab_elements_, [&](const Box& box) {
    const std::uint64_t bytes = box.elements() * size;
    if (slab_.size() < bytes) slab_.resize(bytes);
    fetch(box, slab_.data());
    visit_runs_of_box(info_.shape, box, range,
                      [&](Range flat, std::uint64_t offset) { visit(slab_.data() + offset * size, flat); });
    read_bytes += bytes;
  });
  return read_bytes;
}

ReadCounts DatasetReader::read(Range range, std::span<double> out, std::span<std::uint8_t> missing_mask) {
  if (range.begin > range.end || range.end > element_count(info_.shape) || out.size() != range.size() ||
      (!missing_mask.empty() && missing_mask.size() != out.size())) {
    throw std::invalid_argument("DatasetReader::read: range and arrays do not fit");
  }
  ReadCounts counts;
  const auto size = static_cast<std::uint64_t>(info_.format.size);
  const auto deliver = [&](const std::byte* raw, Range flat) {
    const std::uint64_t at = flat.begin - range.begin;
    const auto found = convert_to_double(raw, info_.format, info_.packing, flat.size(), out.data() + at,
                                         missing_mask.empty() ? nullptr : missing_mask.data() + at);
    counts.missing += found.missing;
    counts.inexact += found.inexact;
  };
  const auto read_run = [&](const Box& box, std::uint64_t begin) {
    // In place: the raw elements go to the end of where their values will be.
    const std::uint64_t n = box.elements();
    auto* raw = reinterpret_cast<std::byte*>(out.data() + (begin - range.begin) + n) - n * size;
    fetch(box, raw);
    deliver(raw, {begin, begin + n});
    counts.bytes += n * size;
  };
  if (info_.chunk.empty()) {
    std::uint64_t begin = range.begin;
    visit_runs_as_boxes(info_.shape, range, slab_elements_, [&](const Box& box) {
      read_run(box, begin);
      begin += box.elements();
    });
  } else {
    counts.bytes += visit_chunks(range, deliver);
  }
  require_unchanged();
  return counts;
}

}  // namespace concdemo::hdf5
