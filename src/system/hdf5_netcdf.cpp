#include "system/hdf5_netcdf.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_attributes.hpp"
#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {

namespace {

constexpr const char* dimension_ids = "_Netcdf4Coordinates";
constexpr const char* dimension_id = "_Netcdf4Dimid";
constexpr const char* references = "REFERENCE_LIST";  // of a scale, to what it is attached to

Handle root_of(const Handle& object) {
  const Handle file(H5Iget_file_id(object.get()), H5Fclose);
  return {H5Gopen2(file.get(), "/", H5P_DEFAULT), H5Gclose};
}

bool keeps_order(const Handle& group) {
  const Handle plist(H5Gget_create_plist(group.get()), H5Pclose);
  unsigned order = 0;
  return H5Pget_link_creation_order(plist.get(), &order) >= 0 && (order & H5P_CRT_ORDER_TRACKED) != 0;
}

// netCDF gives each scale its own name, or says in place of it that there is no variable.
bool is_netcdf_scale(const Handle& dataset) {
  const std::string name = attribute_text(dataset, "NAME");
  std::string path(4096, '\0');
  const auto length = H5Iget_name(dataset.get(), path.data(), path.size());
  path.resize(static_cast<std::size_t>(std::clamp<ssize_t>(length, 0, static_cast<ssize_t>(path.size()) - 1)));
  return is_netcdf_dimension(dataset) ||
         (!name.empty() && path.ends_with("/" + name) && H5DSis_scale(dataset.get()) > 0);
}

extern "C" {
herr_t stop_at_netcdf_scale(hid_t, unsigned, hid_t scale, void*) {
  H5Iinc_ref(scale);  // the Handle gives its own reference back, HDF5 its
  return is_netcdf_scale(Handle(scale, H5Dclose)) ? 1 : 0;
}

herr_t take_scale(hid_t, unsigned, hid_t scale, void* found) {
  H5Iinc_ref(scale);
  *static_cast<Handle*>(found) = Handle(scale, H5Dclose);
  return 1;
}
}

bool has_netcdf_scale(const Handle& dataset, std::size_t rank) {
  if (is_netcdf_scale(dataset)) return true;
  for (unsigned d = 0; d < rank; ++d) {
    if (H5DSiterate_scales(dataset.get(), d, nullptr, stop_at_netcdf_scale, nullptr) > 0) return true;
  }
  return false;
}

// Of the netCDF User's Guide.
std::optional<std::uint64_t> default_fill(ElementFormat format) {
  if (format.kind == ElementKind::floating) return element_bits(0x1.ep+122, format);
  const int bits = 8 * format.size;
  const std::uint64_t ones = ~std::uint64_t{0} >> (64 - bits);
  const std::uint64_t less = bits == 64 ? 1 : 0;
  if (format.kind == ElementKind::unsigned_integer) return ones - less;
  return (std::uint64_t{1} << (bits - 1)) + 1 + less;
}

// As element_bits() gives it; nothing where none was set and HDF5's zero serves.
std::optional<std::uint64_t> own_fill(const Handle& dataset, ElementFormat format) {
  const Handle plist(H5Dget_create_plist(dataset.get()), H5Pclose);
  H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
  if (H5Pfill_value_defined(plist.get(), &defined) < 0 || defined != H5D_FILL_VALUE_USER_DEFINED) return std::nullopt;
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  std::vector<unsigned char> raw(static_cast<std::size_t>(format.size));
  if (H5Tget_size(type.get()) != raw.size() || H5Pget_fill_value(plist.get(), type.get(), raw.data()) < 0) {
    return std::nullopt;
  }
  if (!format.big_endian) std::reverse(raw.begin(), raw.end());
  std::uint64_t bits = 0;
  for (const unsigned char byte : raw) bits = bits << 8 | byte;
  return bits;
}

void take_longer(const Handle& dataset, std::size_t dimension, std::uint64_t& longest) {
  if (!dataset.valid()) return;
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const Shape extents = shape_of(space);
  if (dimension < extents.size()) longest = std::max(longest, extents[dimension]);
}

// Of the scale and of every dataset that it is attached to, as the scale's list of references names them.
std::uint64_t longest_on(const Handle& scale) {
  std::uint64_t longest = 0;
  take_longer(scale, 0, longest);
  if (!has_attribute(scale, references)) return longest;
  struct Entry {
    hobj_ref_t dataset;
    unsigned dimension;
  };
  const Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Entry)), H5Tclose);
  H5Tinsert(type.get(), "dataset", HOFFSET(Entry, dataset), H5T_STD_REF_OBJ);
  H5Tinsert(type.get(), "dimension", HOFFSET(Entry, dimension), H5T_NATIVE_UINT);
  const Handle attribute(H5Aopen(scale.get(), references, H5P_DEFAULT), H5Aclose);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  std::vector<Entry> entries(
      static_cast<std::size_t>(std::max(hssize_t{0}, H5Sget_simple_extent_npoints(space.get()))));
  if (entries.empty() || H5Aread(attribute.get(), type.get(), entries.data()) < 0) return longest;
  for (const Entry& entry : entries) {
    const Handle attached(H5Rdereference2(scale.get(), H5P_DEFAULT, H5R_OBJECT, &entry.dataset), H5Oclose);
    if (attached.valid() && H5Iget_type(attached.get()) == H5I_DATASET) take_longer(attached, entry.dimension, longest);
  }
  return longest;
}

// Where scales are not attached, variables hold the ids of their dimensions.
struct IdSearch {
  Number id;
  std::uint64_t longest = 0;
};

#if H5_VERSION_GE(1, 12, 0)
using ObjectInfo = H5O_info2_t;
constexpr auto visit_objects = H5Ovisit3;
#else
using ObjectInfo = H5O_info_t;
constexpr auto visit_objects = H5Ovisit2;
#endif

extern "C" herr_t look_for_id(hid_t group, const char* name, const ObjectInfo* object, void* id_search) {
  if (object->type != H5O_TYPE_DATASET) return 0;
  auto& search = *static_cast<IdSearch*>(id_search);
  const Handle dataset(H5Dopen2(group, name, H5P_DEFAULT), H5Dclose);
  const std::vector<Number> ids = attribute_numbers(dataset, dimension_ids, dimension_ids).numbers;
  const std::vector<Number> id = attribute_numbers(dataset, dimension_id, dimension_id).numbers;
  for (std::size_t d = 0; d < ids.size(); ++d) {
    if (ids[d] == search.id) take_longer(dataset, d, search.longest);
  }
  if (ids.empty() && id == std::vector{search.id}) take_longer(dataset, 0, search.longest);
  return 0;
}

std::uint64_t longest_with_id(const Handle& dataset, const Number& id) {
  IdSearch search{id};
  const Handle root = root_of(dataset);
  visit_objects(root.get(), H5_INDEX_NAME, H5_ITER_NATIVE, look_for_id, &search, H5O_INFO_BASIC);
  return search.longest;
}

}  // namespace

bool is_netcdf_dimension(const Handle& dataset) {
  return attribute_text(dataset, "NAME").starts_with("This is a netCDF dimension but not a netCDF variable");
}

std::string netcdf_path(const Handle& open_file, const std::string& file, const std::string& path) {
  if (!is_netcdf_dimension(open_dataset(open_file, file, path))) return path;
  const auto name = path.rfind('/') + 1;
  const std::string variable = path.substr(0, name) + "_nc4_non_coord_" + path.substr(name);
  if (H5Lexists(open_file.get(), variable.c_str(), H5P_DEFAULT) > 0) return variable;
  throw usage_error(
      fmt::format("{}:{} is a dimension of netCDF without a variable: it has a length and no data; name a "
                  "variable",
                  file, path));
}

bool is_netcdf4(const Handle& dataset, const DatasetInfo& info) {
  const Handle root = root_of(dataset);
  if (has_attribute(root, "_NCProperties") || has_attribute(root, "_nc3_strict")) return true;
  if (has_attribute(dataset, dimension_ids) || has_attribute(dataset, dimension_id)) return true;
  if (!keeps_order(root) || info.library_conversion) return false;
  return own_fill(dataset, info.format) == default_fill(info.format) || has_netcdf_scale(dataset, info.shape.size());
}

std::optional<std::uint64_t> netcdf_fill(const Handle& dataset, const DatasetInfo& info) {
  if (info.library_conversion) return std::nullopt;
  const auto own = own_fill(dataset, info.format);
  return own ? own : default_fill(info.format);
}

Shape netcdf_extents(const Handle& dataset, const Shape& storage) {
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  std::vector<hsize_t> limits(storage.size());
  H5Sget_simple_extent_dims(space.get(), nullptr, limits.data());
  Shape extents = storage;
  for (std::size_t d = 0; d < storage.size(); ++d) {
    if (limits[d] != H5S_UNLIMITED) continue;
    Handle scale;
    H5DSiterate_scales(dataset.get(), static_cast<unsigned>(d), nullptr, take_scale, &scale);
    const std::vector<Number> ids = attribute_numbers(dataset, dimension_ids, dimension_ids).numbers;
    std::uint64_t longest = 0;
    if (scale.valid()) {
      longest = longest_on(scale);
    } else if (storage.size() == 1 && has_attribute(dataset, references)) {
      longest = longest_on(dataset);
    } else if (ids.size() == storage.size()) {
      longest = longest_with_id(dataset, ids[d]);
    }
    extents[d] = std::max(extents[d], longest);
  }
  return extents;
}

}  // namespace concdemo::hdf5
