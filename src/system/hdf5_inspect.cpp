#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "system/hdf5_crash.hpp"
#include "system/hdf5_links.hpp"
#include "system/hdf5_listing.hpp"
#include "system/hdf5_matlab.hpp"
#include "system/hdf5_netcdf.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_packing.hpp"
#include "system/hdf5_read.hpp"
#include "system/hdf5_sources.hpp"
#include "system/hdf5_way.hpp"

// What rank 0 tells the others of a dataset: CBOR holds doubles as they are, and names that are not UTF-8.
template <>
struct nlohmann::adl_serializer<std::optional<concdemo::ValidRange>> {
  static void to_json(json& out, const std::optional<concdemo::ValidRange>& range) {
    if (range) out = {range->lowest, range->highest};
  }
  static void from_json(const json& in, std::optional<concdemo::ValidRange>& range) {
    if (!in.is_null()) range = concdemo::ValidRange{in.at(0), in.at(1)};
  }
};
namespace concdemo {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ElementFormat, kind, size, big_endian)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Packing, scaled, scale, offset, missing, valid)
}  // namespace concdemo
namespace concdemo::files {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stamp, path, device, inode, bytes, modified_ns, beginning)
}  // namespace concdemo::files

namespace concdemo::hdf5 {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ChunkFilter, id, values)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DatasetInfo, file, path, shape, storage, format, library_conversion, packing, chunk,
                                   type_name, files, uncovered, library_way, filters, address, unwritten, notes)

namespace {

Shape chunk_of(const Handle& plist, std::size_t rank) {
  if (H5Pget_layout(plist.get()) != H5D_CHUNKED) return {};
  std::vector<hsize_t> chunk(rank);
  H5Pget_chunk(plist.get(), static_cast<int>(rank), chunk.data());
  return {chunk.begin(), chunk.end()};
}

// The shape that the dataset stands for, where that is not the extents it has in the file.
void find_shape(const Handle& dataset, const std::string& where, DatasetInfo& info) {
  const Shape storage = info.shape;
  if (const auto extents = matlab_empty(dataset, where)) {
    info.shape = *extents;
    info.chunk.clear();
  } else if (is_netcdf4(dataset, info)) {
    info.shape = netcdf_extents(dataset, storage);
  }
  if (info.shape != storage) info.storage = storage;
}

// HDF5 reads on behind what a damaged file says is stored.
void require_storage(const Handle& dataset, const Handle& plist, std::uint64_t needed, const std::string& where) {
  const auto layout = H5Pget_layout(plist.get());
  if (layout != H5D_COMPACT && (layout != H5D_CONTIGUOUS || H5Pget_external_count(plist.get()) > 0)) return;
  const std::uint64_t stored = H5Dget_storage_size(dataset.get());
  if (stored >= needed || (stored == 0 && layout == H5D_CONTIGUOUS)) return;  // nothing stored: nobody wrote it
  throw usage_error(
      fmt::format("{} is damaged: {} bytes of it are stored, its shape says {}; copy it again", where, stored, needed));
}

PathEnd root_of(const std::string& file) { return {{}, file, "/", "", "", {}}; }

std::string only_dataset(const Handle& opened, const std::string& file) {
  const std::vector<ListedDataset> all = list_below(opened, root_of(file), "/");
  std::vector<ListedDataset> numeric;
  std::copy_if(all.begin(), all.end(), std::back_inserter(numeric),
               [](const auto& found) { return found.numeric && !found.again; });
  if (numeric.size() == 1) return numeric.front().path;
  const auto is_field = [](const ListedDataset& dataset) { return !dataset.dimension_scale; };
  if (std::count_if(numeric.begin(), numeric.end(), is_field) == 1) {
    return std::find_if(numeric.begin(), numeric.end(), is_field)->path;
  }
  if (all.empty()) throw usage_error(fmt::format("{} holds no dataset", file));
  if (numeric.empty()) {
    throw usage_error(fmt::format("{} holds no dataset of integers or floats:", file), listing(file, all));
  }
  throw usage_error(fmt::format("{} holds {} numeric datasets; name one of them:", file, numeric.size()),
                    listing(file, numeric));
}

// Throws when there is nothing, or not a dataset, at the path; the message shows what there is.
PathEnd require_dataset(const Handle& opened, const std::string& file, const std::string& path) {
  PathEnd place = follow(opened, file, path);
  if (!place.link.empty() && !place.broken.empty()) {
    throw usage_error(fmt::format("{} is a link to {}: {}", name_of(file, path), place.link, place.broken));
  }
  if (place.broken.empty()) {
    const Handle object(readable(H5Oopen(place.file_or(opened), place.path.c_str(), H5P_DEFAULT),
                                 fmt::format("{} cannot be opened", name_of(file, path))),
                        H5Oclose);
    if (H5Iget_type(object.get()) == H5I_DATASET) return place;
    if (H5Iget_type(object.get()) != H5I_GROUP) {
      throw usage_error(fmt::format("{} is a named type, not a dataset", name_of(file, path)));
    }
    const auto datasets = list_below(opened, place, path);
    throw usage_error(fmt::format("{} is a group; {}", name_of(file, path),
                                  datasets.empty() ? "it holds no dataset" : "name a dataset of it:"),
                      listing(file, datasets));
  }
  const auto datasets = list_below(opened, root_of(file), "/");
  std::vector<std::string> names;
  for (const auto& dataset : datasets) names.push_back(dataset.path);
  const auto nearest = nearest_name(path, names);
  throw usage_error(fmt::format("{} has no dataset {}{}; it holds{}", file, path,
                                nearest ? fmt::format(" (did you mean {}?)", shell_word(name_of(file, *nearest))) : "",
                                datasets.empty() ? " none" : ":"),
                    listing(file, datasets));
}

}  // namespace

std::vector<ListedDataset> list_datasets(const std::string& file) {
  const Lock lock;
  const CrashGuard guard(file);
  return list_below(open_file(file), root_of(file), "/");
}

DatasetInfo inspect(const std::string& file, const std::string& path) {
  const Lock lock;
  const CrashGuard guard(path.empty() ? file : name_of(file, path));
  const Handle opened = open_file(file);
  DatasetInfo info;
  info.file = file;
  info.path = path.empty() ? only_dataset(opened, file) : path.starts_with('/') ? path : "/" + path;
  while (info.path.size() > 1 && info.path.back() == '/') info.path.pop_back();
  const PathEnd place = require_dataset(opened, file, info.path);
  info.path = netcdf_path(opened, file, info.path);
  const std::string where = name_of(file, info.path);
  const Handle dataset = open_dataset(opened, file, info.path);
  const Sources sources = examine_sources(dataset, place.file_name, where);
  const Handle type(readable(H5Dget_type(dataset.get()), where), H5Tclose);
  const Handle space(readable(H5Dget_space(dataset.get()), where), H5Sclose);
  const Handle plist(readable(H5Dget_create_plist(dataset.get()), where), H5Pclose);
  const TypeInfo found = describe(dataset);
  if (!found.numeric) {
    const char* way_out = found.name == "complex"    ? "; store .real, .imag or abs() of it"
                          : found.name == "compound" ? "; store the field of it that is meant as a dataset"
                                                     : "";
    throw usage_error(
        fmt::format("{} is of type {}; only integers of up to 64 bits and floats of up to 128 can be read{}", where,
                    found.name, way_out));
  }
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    throw usage_error(fmt::format("{} is empty: it has a null dataspace, which holds no elements", where));
  }
  info.type_name = found.name;
  info.format = found.format;
  info.library_conversion = found.library_conversion;
  info.shape = shape_of(space);
  info.chunk = chunk_of(plist, info.shape.size());
  require_storage(dataset, plist, element_count(info.shape) * H5Tget_size(type.get()), where);
  find_packing(dataset, where, info);
  info.uncovered = sources.uncovered;
  info.files.push_back(files::stamp_of(file));
  for (const std::string& each : place.files) info.files.push_back(files::stamp_of(each));
  for (const std::string& each : sources.files) info.files.push_back(files::stamp_of(each));
  find_shape(dataset, where, info);
  element_count(info.shape);
  find_way(dataset, plist, info);
  return info;
}

std::string to_cbor(const DatasetInfo& info) {
  std::string bytes;
  nlohmann::json::to_cbor(info, bytes);
  return bytes;
}

DatasetInfo from_cbor(const std::string& bytes) { return nlohmann::json::from_cbor(bytes).get<DatasetInfo>(); }

}  // namespace concdemo::hdf5
