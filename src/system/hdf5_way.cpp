#include "system/hdf5_way.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace concdemo::hdf5 {
namespace {

// HDF5 writes nothing to the caller's memory for elements without storage and without a fill value.
bool may_be_unwritten(const Handle& creation) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
  H5D_fill_time_t time = H5D_FILL_TIME_ERROR;
  H5Pfill_value_defined(creation.get(), &defined);
  H5Pget_fill_time(creation.get(), &time);
  return defined == H5D_FILL_VALUE_UNDEFINED || time == H5D_FILL_TIME_NEVER;
}

// As it is stored: one that is missing where the dataset has such, else 0.
std::vector<std::uint8_t> no_element(ElementFormat format, const Packing& packing) {
  std::vector<std::uint8_t> element(static_cast<std::size_t>(format.size));
  if (packing.missing.empty() || element.size() > sizeof(std::uint64_t)) return element;
  std::uint64_t bits = packing.missing.front();
  for (std::size_t i = 0; i < element.size(); ++i, bits >>= 8) {
    element[format.big_endian ? element.size() - 1 - i : i] = static_cast<std::uint8_t>(bits & 0xff);
  }
  return element;
}

std::vector<ChunkFilter> filters_of(const Handle& creation) {
  std::vector<ChunkFilter> filters;
  for (int i = 0; i < H5Pget_nfilters(creation.get()); ++i) {
    unsigned flags = 0, values[32] = {};
    std::size_t count = std::size(values);
    const int id =
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &count, values, 0, nullptr, nullptr);
    filters.push_back({id, {values, values + std::min(count, std::size(values))}});
  }
  return filters;
}

std::string why_by_library(const Handle& creation, const DatasetInfo& info) {
  const char* forced = std::getenv("CONCDEMO_HDF5_READ");
  if (forced != nullptr && std::string_view(forced) == "1") return "CONCDEMO_HDF5_READ=1";
  if (info.files.size() > 1) return "elements of other files";
  if (info.library_conversion) return info.type_name;
  if (info.shape.empty() || element_count(info.storage.empty() ? info.shape : info.storage) == 0) return "no array";
  switch (H5Pget_layout(creation.get())) {
    case H5D_CONTIGUOUS: return H5Pget_external_count(creation.get()) > 0 ? "external storage" : "";
    case H5D_CHUNKED: break;
    case H5D_COMPACT: return "compact storage";
    default: return "virtual dataset";
  }
  unsigned options = 0;
  H5Pget_chunk_opts(creation.get(), &options);
  if (options != 0) return "edge chunks without filters";
  const auto size = static_cast<unsigned>(info.format.size);
  for (const ChunkFilter& filter : info.filters) {
    const bool is_ours = can_decode({filter}) && (filter.id != shuffle_filter || filter.values.front() == size);
    if (!is_ours) return fmt::format("filter {}", filter.id);
  }
  return can_decode(info.filters) ? "" : "filters in this order";
}

}  // namespace

void find_way(const Handle& dataset, const Handle& creation, DatasetInfo& info) {
  if (may_be_unwritten(creation)) info.unwritten = no_element(info.format, info.packing);
  info.filters = filters_of(creation);
  info.library_way = why_by_library(creation, info);
  if (!info.library_way.empty()) return;
  if (info.unwritten.empty()) {
    const Handle type(H5Dget_type(dataset.get()), H5Tclose);
    info.unwritten.resize(static_cast<std::size_t>(info.format.size));
    readable(H5Pget_fill_value(creation.get(), type.get(), info.unwritten.data()), info.path);
  }
  if (info.chunk.empty()) {
    const haddr_t address = H5Dget_offset(dataset.get());
    if (address != HADDR_UNDEF) info.address = address;
  }
}

}  // namespace concdemo::hdf5
