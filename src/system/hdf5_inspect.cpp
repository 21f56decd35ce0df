#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "system/hdf5_crash.hpp"
#include "system/hdf5_filters.hpp"
#include "system/hdf5_links.hpp"
#include "system/hdf5_listing.hpp"
#include "system/hdf5_matlab.hpp"
#include "system/hdf5_netcdf.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_packing.hpp"
#include "system/hdf5_read.hpp"
#include "system/hdf5_sources.hpp"

namespace concdemo::hdf5 {

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

Place root_of(const std::string& file) { return {{}, file, "/", "", "", {}}; }

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
Place require_dataset(const Handle& opened, const std::string& file, const std::string& path) {
  Place place = follow(opened, file, path);
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
  const Place place = require_dataset(opened, file, info.path);
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
  return info;
}

std::string to_json(const DatasetInfo& info) {
  const auto bytes = [](const std::string& text) { return std::vector<std::uint8_t>(text.begin(), text.end()); };
  auto stamps = nlohmann::json::array();
  for (const files::Stamp& each : info.files) {
    stamps.push_back({bytes(each.path), each.device, each.inode, each.bytes, each.modified_ns, each.beginning});
  }
  std::vector<std::uint64_t> limits;
  if (info.packing.valid) limits = {info.packing.valid->lowest, info.packing.valid->highest};
  auto notes = nlohmann::json::array();
  for (const std::string& each : info.notes) notes.push_back(bytes(each));
  // Names need not be UTF-8, and JSON has no NaN: bytes and bits.
  return nlohmann::json{{"file", bytes(info.file)},
                        {"path", bytes(info.path)},
                        {"shape", info.shape},
                        {"kind", static_cast<int>(info.format.kind)},
                        {"size", info.format.size},
                        {"big_endian", info.format.big_endian},
                        {"library_conversion", info.library_conversion},
                        {"scaled", info.packing.scaled},
                        {"scale", std::bit_cast<std::uint64_t>(info.packing.scale)},
                        {"offset", std::bit_cast<std::uint64_t>(info.packing.offset)},
                        {"missing", info.packing.missing},
                        {"valid", limits},
                        {"storage", info.storage},
                        {"chunk", info.chunk},
                        {"type_name", info.type_name},
                        {"files", stamps},
                        {"uncovered", info.uncovered},
                        {"notes", notes}}
      .dump();
}

DatasetInfo from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  const auto text_of = [](const nlohmann::json& value) {
    const auto bytes = value.get<std::vector<std::uint8_t>>();
    return std::string(bytes.begin(), bytes.end());
  };
  DatasetInfo info;
  info.file = text_of(json.at("file"));
  info.path = text_of(json.at("path"));
  info.shape = json.at("shape").get<Shape>();
  info.format = {static_cast<ElementKind>(json.at("kind").get<int>()), json.at("size").get<int>(),
                 json.at("big_endian").get<bool>()};
  info.library_conversion = json.at("library_conversion").get<bool>();
  info.packing = {json.at("scaled").get<bool>(), std::bit_cast<double>(json.at("scale").get<std::uint64_t>()),
                  std::bit_cast<double>(json.at("offset").get<std::uint64_t>()),
                  json.at("missing").get<std::vector<std::uint64_t>>(), std::nullopt};
  if (const auto limits = json.at("valid").get<std::vector<std::uint64_t>>(); !limits.empty()) {
    info.packing.valid = ValidRange{limits.at(0), limits.at(1)};
  }
  info.storage = json.at("storage").get<Shape>();
  for (const auto& each : json.at("notes")) info.notes.push_back(text_of(each));
  info.chunk = json.at("chunk").get<Shape>();
  info.type_name = json.at("type_name").get<std::string>();
  for (const auto& each : json.at("files")) {
    info.files.push_back({text_of(each.at(0)), each.at(1).get<std::uint64_t>(), each.at(2).get<std::uint64_t>(),
                          each.at(3).get<std::uint64_t>(), each.at(4).get<std::int64_t>(),
                          each.at(5).get<std::uint64_t>()});
  }
  info.uncovered = json.at("uncovered").get<std::uint64_t>();
  return info;
}

}  // namespace concdemo::hdf5
