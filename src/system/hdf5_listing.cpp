#include "system/hdf5_listing.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "system/hdf5_matlab.hpp"
#include "system/hdf5_netcdf.hpp"
#include "system/hdf5_open.hpp"
#include "system/hdf5_sources.hpp"

namespace concdemo::hdf5 {
namespace {

constexpr std::size_t longest_listing = 40;
constexpr std::size_t most_followed = 300;  // links: each may mean a file to open
constexpr int deepest = 64;
constexpr std::string_view checksum_group = "/concdemo/";  // of our own output files: nobody's data

std::string address_of(Id object) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) return {};
  return std::string(reinterpret_cast<const char*>(&info.token), sizeof info.token);
#else
  H5O_info_t info;
  if (H5Oget_info(object, &info) < 0) return {};
  return std::string(reinterpret_cast<const char*>(&info.addr), sizeof info.addr);
#endif
}

extern "C" herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

class Lister {
 public:
  // The hard links of a group and of those below it; other links are left for later. `link`: where one led to the
  // group.
  void list_group(const Handle& file, const std::string& file_name, const std::string& group, const std::string& shown,
                  const std::string& link, int depth) {
    const Handle opened(readable(H5Gopen2(file.get(), group.c_str(), H5P_DEFAULT), file_name), H5Gclose);
    if (!is_new(opened, file_name) || depth > deepest) return;
    std::vector<std::string> names;
    hsize_t at = 0;
    if (H5Literate(opened.get(), H5_INDEX_NAME, H5_ITER_INC, &at, collect_name, &names) < 0) {
      throw unreadable(fmt::format("{}: its datasets cannot be listed", file_name));
    }
    for (const std::string& name : names) {
      const std::string path = (group == "/" ? "" : group) + "/" + name;
      const std::string path_shown = (shown == "/" ? "" : shown) + "/" + name;
      if ((path_shown + "/").starts_with(checksum_group)) continue;
      H5L_info_t info;
      if (H5Lget_info(file.get(), path.c_str(), &info, H5P_DEFAULT) < 0) throw unreadable(name_of(file_name, path));
      if (info.type != H5L_TYPE_HARD) {
        links_.push_back({&file, file_name, path, path_shown, depth});
        continue;
      }
      const Handle object(H5Oopen(file.get(), path.c_str(), H5P_DEFAULT), H5Oclose);
      const auto type = object.valid() ? H5Iget_type(object.get()) : H5I_BADID;
      const std::string path_linked = link.empty() ? "" : link + "/" + name;
      if (type == H5I_GROUP) list_group(file, file_name, path, path_shown, path_linked, depth + 1);
      if (type != H5I_DATASET) continue;
      const bool fresh = is_new(object, file_name);
      if (fresh || !link.empty()) add(object, file_name, path_shown, path_linked, !fresh);
    }
  }

  void follow_links() {
    for (std::size_t i = 0; i < links_.size() && i < most_followed; ++i) {
      const Link link = links_[i];
      PathEnd place = follow(*link.file, link.file_name, link.path);
      Handle object;
      if (place.broken.empty())
        object = Handle(H5Oopen(place.file_or(*link.file), place.path.c_str(), H5P_DEFAULT), H5Oclose);
      if (!object.valid()) {
        ListedDataset broken;
        broken.path = link.shown;
        broken.link = place.link;
        broken.broken = place.broken.empty() ? error_text() : place.broken;
        found.push_back(broken);
      } else if (H5Iget_type(object.get()) == H5I_DATASET) {
        add(object, place.file_name, link.shown, place.link, !is_new(object, place.file_name));
      } else if (H5Iget_type(object.get()) == H5I_GROUP) {
        const Handle* file = link.file;
        if (place.file.valid()) file = &files_.emplace_back(std::move(place.file));
        list_group(*file, place.file_name, place.path, link.shown, place.link, link.depth + 1);
      }
    }
  }

  std::vector<ListedDataset> found;

 private:
  struct Link {
    const Handle* file;
    std::string file_name, path, shown;
    int depth;
  };

  void add(const Handle& dataset, const std::string& file, const std::string& shown, const std::string& link,
           bool again) {
    if (is_netcdf_dimension(dataset)) return;
    ListedDataset listed;
    listed.path = shown;
    listed.link = link;
    listed.again = again;
    const TypeInfo info = describe(dataset);
    listed.type_name = info.name;
    try {
      const Handle creation(readable(H5Dget_create_plist(dataset.get()), shown), H5Pclose);
      // HDF5 opens the sources of a virtual dataset to tell its shape.
      if (H5Pget_layout(creation.get()) == H5D_VIRTUAL) examine_sources(dataset, file, shown);
      const Handle space(readable(H5Dget_space(dataset.get()), shown), H5Sclose);
      listed.shape = shape_of(space);
      listed.numeric = info.numeric && H5Sget_simple_extent_type(space.get()) != H5S_NULL;
      listed.dimension_scale = H5DSis_scale(dataset.get()) > 0;
    } catch (const Error& error) {
      if (error.code != ExitCode::usage) throw;
      listed.numeric = info.numeric;
      listed.broken = error.what();
    }
    found.push_back(listed);
  }

  bool is_new(const Handle& object, const std::string& file_name) {
    std::error_code none;
    std::string& file = real_names_[file_name];
    if (file.empty()) file = std::filesystem::canonical(file_name, none);
    return seen_.insert({file, address_of(object.get())}).second;
  }

  std::map<std::string, std::string> real_names_;
  std::set<std::pair<std::string, std::string>> seen_;  // objects: file and address there
  std::deque<Link> links_;
  std::deque<Handle> files_;
};

}  // namespace

TypeInfo describe(const Handle& dataset) {
  const Handle type(readable(H5Dget_type(dataset.get()), "type of a dataset"), H5Tclose);
  TypeInfo info = describe_type(type);
  if (const std::string kind = matlab_kind(dataset); !kind.empty()) {
    info.name = kind;
    info.numeric = false;
  }
  return info;
}

std::string name_of(const std::string& file, const std::string& path) { return file + ":" + path; }

std::vector<ListedDataset> list_below(const Handle& opened, const PathEnd& place, const std::string& path) {
  Lister lister;
  lister.list_group(place.file.valid() ? place.file : opened, place.file_name, place.path, path, place.link, 0);
  lister.follow_links();
  std::stable_sort(lister.found.begin(), lister.found.end(),
                   [](const auto& a, const auto& b) { return a.path < b.path; });
  return lister.found;
}

std::vector<std::string> listing(const std::string& file, const std::vector<ListedDataset>& datasets) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(datasets.size(), longest_listing); ++i) {
    const ListedDataset& dataset = datasets[i];
    std::string line = shell_word(name_of(file, dataset.path));
    if (!dataset.type_name.empty()) line += "  " + dataset.type_name;
    if (dataset.broken.empty()) line += "  " + to_text(dataset.shape);
    if (!dataset.link.empty()) line += "  -> " + dataset.link;
    if (!dataset.broken.empty()) line += "  cannot be read: " + dataset.broken;
    lines.push_back(line);
  }
  if (datasets.size() > longest_listing) lines.push_back(fmt::format("and {} more", datasets.size() - longest_listing));
  return lines;
}

}  // namespace concdemo::hdf5
