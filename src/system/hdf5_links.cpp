#include "system/hdf5_links.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {
namespace {

constexpr int most_links = 16;  // HDF5's own limit

const char* variable_of(NamedBy by) {
  switch (by) {
    case NamedBy::external_link: return "HDF5_EXT_PREFIX";
    case NamedBy::virtual_dataset: return "HDF5_VDS_PREFIX";
    case NamedBy::external_storage: break;
  }
  return "HDF5_EXTFILE_PREFIX";
}

std::vector<std::string> names_in(const std::string& text, char separator) {
  std::vector<std::string> names;
  for (const auto name : split(text, separator)) {
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

std::string joined(const std::string& folder, const std::string& name) { return std::filesystem::path(folder) / name; }

// Goes on in the file that an external link names, at the path that it gives.
void enter(PathEnd& place, std::deque<std::string>& ahead, const std::string& name, const std::string& path) {
  const std::string found = find_named(NamedBy::external_link, place.file_name, name);
  place.file = open_file(found);
  place.file_name = found;
  place.files.push_back(found);
  place.path.clear();
  const auto parts = names_in(path, '/');
  ahead.insert(ahead.begin(), parts.begin(), parts.end());
}

}  // namespace

std::vector<std::string> places_of(NamedBy by, const std::string& opener, const std::string& given) {
  std::vector<std::string> places;
  const auto look_at = [&places](const std::string& place) {
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
  };
  const auto beside = std::filesystem::absolute(opener).parent_path().string();
  const char* value = std::getenv(variable_of(by));
  const std::string prefix = value != nullptr ? value : "";
  constexpr std::string_view origin = "${ORIGIN}";
  const std::string expanded = prefix.starts_with(origin) ? beside + prefix.substr(origin.size()) : prefix;
  if (by == NamedBy::external_storage) {
    look_at(expanded.empty() ? given : joined(expanded, given));
    return places;
  }
  std::string name = given;
  if (name.starts_with('/')) {
    look_at(name);
    name = name.substr(name.find_last_of('/') + 1);
  }
  for (const std::string& folder : names_in(prefix, ':')) look_at(joined(folder, name));
  if (by == NamedBy::virtual_dataset && !expanded.empty()) look_at(joined(expanded, name));
  look_at(joined(beside, name));
  look_at(name);
  std::error_code none;
  const auto actual = std::filesystem::canonical(opener, none);
  if (!none) look_at(joined(actual.parent_path(), name));
  return places;
}

std::string find_named(NamedBy by, const std::string& opener, const std::string& name) {
  const auto places = places_of(by, opener, name);
  for (const std::string& place : places) {
    std::error_code none;
    const auto status = std::filesystem::status(place, none);
    // A link whose target has gone is something, too: its message says so.
    if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) return place;
  }
  throw usage_error(fmt::format("the file {} is missing (looked for as {}); bring it there, or set {} to its folder",
                                name, fmt::join(places, ", "), variable_of(by)));
}

PathEnd follow(const Handle& opened, const std::string& file, const std::string& path) {
  PathEnd place{{}, file, "", "", "", {}};
  const auto parts = names_in(path, '/');
  std::deque<std::string> ahead(parts.begin(), parts.end());
  int links = 0;
  while (!ahead.empty()) {
    if (ahead.front() == ".") {
      ahead.pop_front();
      continue;
    }
    const std::string next = place.path + "/" + ahead.front();
    const Id at = place.file_or(opened);
    H5L_info_t info;
    if (H5Lexists(at, next.c_str(), H5P_DEFAULT) <= 0 || H5Lget_info(at, next.c_str(), &info, H5P_DEFAULT) < 0) {
      place.broken = fmt::format("{} has no {}", place.file_name, next);
      return place;
    }
    ahead.pop_front();
    if (info.type == H5L_TYPE_HARD) {
      place.path = next;
      continue;
    }
    std::vector<char> value(info.u.val_size + 1);
    const char* file_name = "";
    const char* target = value.data();
    unsigned flags = 0;
    const bool external = info.type == H5L_TYPE_EXTERNAL;
    if ((!external && info.type != H5L_TYPE_SOFT) ||
        H5Lget_val(at, next.c_str(), value.data(), info.u.val_size, H5P_DEFAULT) < 0 ||
        (external && H5Lunpack_elink_val(value.data(), info.u.val_size, &flags, &file_name, &target) < 0)) {
      place.broken = fmt::format("{}:{} is a link of a kind that HDF5 cannot follow", place.file_name, next);
      return place;
    }
    if (links == 0) place.link = external ? fmt::format("{}:{}", file_name, target) : target;
    if (++links > most_links) {
      place.broken = fmt::format("more than {} links follow one another: they lead in a circle", most_links);
      return place;
    }
    try {
      if (external) {
        enter(place, ahead, file_name, target);
        continue;
      }
    } catch (const Error& error) {
      if (error.code != ExitCode::usage) throw;
      place.broken = error.what();
      return place;
    }
    if (*target == '/') place.path.clear();
    const auto further = names_in(target, '/');
    ahead.insert(ahead.begin(), further.begin(), further.end());
  }
  if (place.path.empty()) place.path = "/";
  return place;
}

}  // namespace concdemo::hdf5
