#include "system/hdf5_write.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.hpp"
#include "system/hdf5.hpp"

namespace concdemo::hdf5 {
namespace {

constexpr hsize_t alignment = 4096;  // HDF5 refuses one larger than the user block
constexpr std::uint64_t max_extent_bytes = std::uint64_t{1} << 62;

Handle made(hid_t id, Closer closer, const std::string& what) { return {checked(id, what), closer}; }

Handle file_access(hsize_t aligned_from) {
  auto list = made(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file access list");
  // The usual driver asks for the real path of a link, and /proc/self/fd/N has none. The bytes are the same.
  checked(H5Pset_fapl_stdio(list.get()), "file driver");
  checked(H5Pset_libver_bounds(list.get(), H5F_LIBVER_V18, H5F_LIBVER_V18), "library version bounds");
  checked(H5Pset_alignment(list.get(), aligned_from, alignment), "alignment");
  checked(H5Pset_fclose_degree(list.get(), H5F_CLOSE_SEMI), "close degree");
  return list;
}

Handle file_creation(std::uint64_t user_bytes) {
  auto list = made(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "file creation list");
  checked(H5Pset_userblock(list.get(), user_bytes), "user block");
  checked(H5Pset_obj_track_times(list.get(), false), "object times");  // of the root group
  checked(H5Pset_link_creation_order(list.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "link order");
  return list;
}

Handle link_creation() {
  auto list = made(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "link creation list");
  checked(H5Pset_char_encoding(list.get(), H5T_CSET_UTF8), "UTF-8 names");
  return list;
}

// The groups above `name`, one by one: those that HDF5 makes on the way itself carry the time of day.
void make_groups_above(hid_t file, const std::string& name) {
  const auto links = link_creation();
  const auto creation = made(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "group creation list");
  checked(H5Pset_obj_track_times(creation.get(), false), "object times");
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const auto group = name.substr(0, slash);
    if (checked(H5Lexists(file, group.c_str(), H5P_DEFAULT), "group " + group) > 0) continue;
    made(H5Gcreate2(file, group.c_str(), links.get(), creation.get(), H5P_DEFAULT), H5Gclose, "group " + group);
  }
}

Handle dataset_creation(H5D_alloc_time_t allocation) {
  auto list = made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "dataset creation list");
  checked(H5Pset_obj_track_times(list.get(), false), "object times");
  checked(H5Pset_layout(list.get(), H5D_CONTIGUOUS), "contiguous layout");
  checked(H5Pset_alloc_time(list.get(), allocation), "allocation time");
  checked(H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER), "fill time");
  return list;
}

void put_attribute(hid_t object, const std::string& name, hid_t type, const void* value) {
  const auto space = made(H5Screate(H5S_SCALAR), H5Sclose, "attribute " + name);
  const auto attribute = made(H5Acreate2(object, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                              "attribute " + name);
  checked(H5Awrite(attribute.get(), type, value), "attribute " + name);
}

void put_attributes(hid_t object, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      const auto type = made(H5Tcopy(H5T_C_S1), H5Tclose, "string type");
      checked(H5Tset_size(type.get(), text->size() + 1), "string size");  // fixed length, as netCDF-4 writes text
      checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "string encoding");
      put_attribute(object, name, type.get(), text->c_str());
    } else if (const auto* number = std::get_if<double>(&value)) {
      put_attribute(object, name, H5T_IEEE_F64LE, number);
    } else {
      put_attribute(object, name, H5T_STD_I64LE, std::get_if<std::int64_t>(&value));
    }
  }
}

Handle make_dataset(hid_t file, const std::string& name, hid_t type, const Shape& shape, H5D_alloc_time_t allocation) {
  make_groups_above(file, name);
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const auto space = made(shape.empty() ? H5Screate(H5S_SCALAR)
                                        : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                          H5Sclose, "shape of " + name);
  const auto links = link_creation();
  const auto creation = dataset_creation(allocation);
  return made(H5Dcreate2(file, name.c_str(), type, space.get(), links.get(), creation.get(), H5P_DEFAULT), H5Dclose,
              "dataset " + name);
}

Place place_of(const Handle& dataset, std::uint64_t elements) {
  if (elements == 0) return {};
  const haddr_t offset = H5Dget_offset(dataset.get());
  if (offset == HADDR_UNDEF) throw system_error("HDF5 did not allocate a dataset: " + error_text());
  return {offset, elements * sizeof(double)};
}

// Extent of every dimension name, in order of first use.
std::vector<std::pair<std::string, std::uint64_t>> dimensions_of(const std::vector<DatasetSpec>& datasets) {
  std::vector<std::pair<std::string, std::uint64_t>> dimensions;
  for (const auto& spec : datasets) {
    if (!spec.dims.empty() && spec.dims.size() != spec.shape.size()) {
      throw usage_error(fmt::format("dataset {} has {} dimensions but {} dimension names", spec.name, spec.shape.size(),
                                    spec.dims.size()));
    }
    if (element_count(spec.shape) > max_extent_bytes / sizeof(double)) {
      throw usage_error(fmt::format("dataset {} of {} elements is larger than any file; use a smaller size", spec.name,
                                    to_text(spec.shape)));
    }
    for (std::size_t d = 0; d < spec.dims.size(); ++d) {
      const auto known = std::find_if(dimensions.begin(), dimensions.end(),
                                      [&](const auto& dimension) { return dimension.first == spec.dims[d]; });
      if (known == dimensions.end()) dimensions.emplace_back(spec.dims[d], spec.shape[d]);
      else if (known->second != spec.shape[d]) {
        throw usage_error(fmt::format("dimension {} is {} in one dataset and {} in {}", spec.dims[d], known->second,
                                      spec.shape[d], spec.name));
      }
    }
  }
  return dimensions;
}

// A variable named like its only dimension holds that dimension's coordinates.
bool is_coordinate(const DatasetSpec& spec) { return spec.dims.size() == 1 && spec.dims.front() == spec.name; }

// netCDF-4's form of a dimension that has no coordinates: a scale of which no element is stored.
Handle make_scale(hid_t file, const std::string& name, std::uint64_t extent) {
  auto scale = make_dataset(file, name, H5T_IEEE_F32BE, {extent}, H5D_ALLOC_TIME_LATE);
  const auto text = fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", extent);
  checked(H5DSset_scale(scale.get(), text.c_str()), "dimension scale " + name);
  return scale;
}

}  // namespace

Skeleton write_skeleton(const std::string& path, std::uint64_t user_bytes, const std::vector<DatasetSpec>& datasets,
                        const std::vector<TableSpec>& tables, const Attributes& attributes,
                        std::uint64_t aligned_from) {
  const auto dimensions = dimensions_of(datasets);
  const Lock lock;
  const auto creation = file_creation(user_bytes);
  const auto access = file_access(aligned_from);
  auto file = made(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose, "create " + path);
  put_attributes(file.get(), attributes);

  Skeleton skeleton;
  std::vector<Handle> handles;
  std::map<std::string, Id> objects;  // scales and datasets by name
  const auto keep = [&](const std::string& name, Handle handle) {
    objects[name] = handle.get();
    handles.push_back(std::move(handle));
  };
  for (const auto& [name, extent] : dimensions) {
    const bool has_variable = std::any_of(datasets.begin(), datasets.end(), [&name = name](const auto& spec) {
      return spec.name == name && is_coordinate(spec);
    });
    if (!has_variable) keep(name, make_scale(file.get(), name, extent));
  }
  for (const auto& spec : datasets) {
    auto dataset = make_dataset(file.get(), spec.name, H5T_IEEE_F64LE, spec.shape, H5D_ALLOC_TIME_EARLY);
    put_attributes(dataset.get(), spec.attributes);
    skeleton.data.push_back(place_of(dataset, element_count(spec.shape)));
    if (is_coordinate(spec)) checked(H5DSset_scale(dataset.get(), spec.name.c_str()), "dimension scale " + spec.name);
    keep(spec.name, std::move(dataset));
  }
  for (const auto& spec : datasets) {
    if (is_coordinate(spec)) continue;
    for (std::size_t d = 0; d < spec.dims.size(); ++d) {
      checked(H5DSattach_scale(objects.at(spec.name), objects.at(spec.dims[d]), static_cast<unsigned>(d)),
              "dimension " + spec.dims[d]);
    }
  }
  for (const auto& spec : tables) {
    const auto table =
        make_dataset(file.get(), "concdemo/" + spec.name, H5T_STD_U64LE, spec.shape, H5D_ALLOC_TIME_EARLY);
    skeleton.tables.push_back(place_of(table, element_count(spec.shape)));
  }
  handles.clear();
  file.close("close " + path);
  skeleton.file_bytes = std::filesystem::file_size(path);
  return skeleton;
}

}  // namespace concdemo::hdf5
