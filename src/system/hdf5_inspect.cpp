#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "system/hdf5_filters.hpp"
#include "system/hdf5_links.hpp"
#include "system/hdf5_matlab.hpp"
#include "system/hdf5_netcdf.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_packing.hpp"
#include "system/hdf5_read.hpp"
#include "system/hdf5_sources.hpp"

namespace concdemo::hdf5 {

namespace {

constexpr std::size_t longest_listing = 40;
constexpr std::string_view checksum_group = "concdemo/";  // of our own output files: nobody's data

std::string name_of(const std::string& file, const std::string& path) { return file + ":" + path; }

Shape chunk_of(const Handle& plist, std::size_t rank) {
  if (H5Pget_layout(plist.get()) != H5D_CHUNKED) return {};
  std::vector<hsize_t> chunk(rank);
  H5Pget_chunk(plist.get(), static_cast<int>(rank), chunk.data());
  return {chunk.begin(), chunk.end()};
}

TypeInfo describe(const Handle& dataset) {
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  TypeInfo info = describe_type(type);
  if (const std::string kind = matlab_kind(dataset); !kind.empty()) {
    info.name = kind;
    info.numeric = false;
  }
  return info;
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

extern "C" {
#if H5_VERSION_GE(1, 12, 0)
herr_t collect_dataset(hid_t, const char* name, const H5O_info2_t* object, void* paths) {
#else
herr_t collect_dataset(hid_t, const char* name, const H5O_info_t* object, void* paths) {
#endif
  if (object->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(paths)->push_back(name);
  return 0;
}
}

std::vector<ListedDataset> list_datasets(const Handle& opened, const std::string& file,
                                         const std::string& group = "/") {
  std::vector<std::string> paths;
  const Handle start(checked(H5Gopen2(opened.get(), group.c_str(), H5P_DEFAULT), file), H5Gclose);
#if H5_VERSION_GE(1, 12, 0)
  const auto result = H5Ovisit3(start.get(), H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &paths, H5O_INFO_BASIC);
#else
  const auto result = H5Ovisit2(start.get(), H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &paths, H5O_INFO_BASIC);
#endif
  if (result < 0) {
    throw usage_error(fmt::format("{} is damaged, its datasets cannot be listed: {}", file, error_text()));
  }
  std::vector<ListedDataset> datasets;
  for (const std::string& path : paths) {
    const Handle dataset(H5Dopen2(start.get(), path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.valid() || (group == "/" && path.starts_with(checksum_group))) continue;
    if (is_netcdf_dimension(dataset)) continue;
    const Handle space(H5Dget_space(dataset.get()), H5Sclose);
    const TypeInfo info = describe(dataset);
    const bool has_elements = H5Sget_simple_extent_type(space.get()) != H5S_NULL;
    datasets.push_back({(group == "/" ? "" : group) + "/" + path, shape_of(space), info.name,
                        info.numeric && has_elements, H5DSis_scale(dataset.get()) > 0});
  }
  return datasets;
}

std::vector<std::string> listing(const std::string& file, const std::vector<ListedDataset>& datasets) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(datasets.size(), longest_listing); ++i) {
    const ListedDataset& dataset = datasets[i];
    lines.push_back(fmt::format("{}  {}  {}", name_of(file, dataset.path), dataset.type_name, to_text(dataset.shape)));
  }
  if (datasets.size() > longest_listing) lines.push_back(fmt::format("and {} more", datasets.size() - longest_listing));
  return lines;
}

std::string only_dataset(const Handle& opened, const std::string& file) {
  const std::vector<ListedDataset> all = list_datasets(opened, file);
  std::vector<ListedDataset> numeric;
  std::copy_if(all.begin(), all.end(), std::back_inserter(numeric), [](const auto& found) { return found.numeric; });
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
    throw usage_error(fmt::format("{} is {}: {}", name_of(file, path), place.link, place.broken));
  }
  Handle object;
  if (place.broken.empty()) object = Handle(H5Oopen(place.file_or(opened), place.path.c_str(), H5P_DEFAULT), H5Oclose);
  const std::string reason = object.valid() ? "" : error_text();
  if (object.valid() && H5Iget_type(object.get()) == H5I_DATASET) return place;
  if (object.valid() && H5Iget_type(object.get()) != H5I_GROUP) {
    throw usage_error(fmt::format("{} is a named type, not a dataset", name_of(file, path)));
  }
  const auto datasets = list_datasets(opened, file, object.valid() ? path : "/");
  if (object.valid()) {
    throw usage_error(fmt::format("{} is a group; {}", name_of(file, path),
                                  datasets.empty() ? "it holds no dataset" : "name a dataset of it:"),
                      listing(file, datasets));
  }
  std::vector<std::string> names;
  for (const auto& dataset : datasets) names.push_back(dataset.path);
  if (place.broken.empty()) {
    throw usage_error(fmt::format("{} cannot be opened: {}", name_of(file, path), reason));
  }
  const auto nearest = nearest_name(path, names);
  throw usage_error(fmt::format("{} has no dataset {}{}; it holds{}", file, path,
                                nearest ? fmt::format(" (did you mean {}?)", name_of(file, *nearest)) : "",
                                datasets.empty() ? " none" : ":"),
                    listing(file, datasets));
}

}  // namespace

std::vector<ListedDataset> list_datasets(const std::string& file) {
  const Lock lock;
  return list_datasets(open_file(file), file);
}

DatasetInfo inspect(const std::string& file, const std::string& path) {
  const Lock lock;
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
  const Handle space(checked(H5Dget_space(dataset.get()), where), H5Sclose);
  const Handle plist(checked(H5Dget_create_plist(dataset.get()), where), H5Pclose);
  const TypeInfo found = describe(dataset);
  if (!found.numeric) {
    const char* way_out = found.name == "complex"    ? "; store .real, .imag or abs() of it"
                          : found.name == "compound" ? "; store the field of it that is meant as a dataset"
                                                     : "";
    throw usage_error(fmt::format("{} is of type {}; only integers of up to 64 bits and floats of up to 128 can be read{}", where,
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
                          each.at(3).get<std::uint64_t>(), each.at(4).get<std::int64_t>(), each.at(5).get<std::uint64_t>()});
  }
  info.uncovered = json.at("uncovered").get<std::uint64_t>();
  return info;
}

}  // namespace concdemo::hdf5
