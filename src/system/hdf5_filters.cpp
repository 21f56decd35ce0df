#include "system/hdf5_filters.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo::hdf5 {
namespace {

// From The HDF Group's register; a file need not give the name. Those of the Python package hdf5plugin are marked.
struct Filter {
  int number;
  std::string_view name;
  bool in_hdf5plugin;
};
constexpr std::array filters{
    Filter{H5Z_FILTER_DEFLATE, "deflate (gzip)", false},
    Filter{H5Z_FILTER_SZIP, "szip", false},
    Filter{305, "lzo", false},
    Filter{307, "bzip2", true},
    Filter{32000, "lzf", false},
    Filter{32001, "blosc", true},
    Filter{32002, "mafisc", false},
    Filter{32003, "snappy", false},
    Filter{32004, "lz4", true},
    Filter{32008, "bitshuffle", true},
    Filter{32012, "fpzip", false},
    Filter{32013, "zfp", true},
    Filter{32014, "fpzip", false},
    Filter{32015, "zstd", true},
    Filter{32017, "sz", true},
    Filter{32018, "fcidecomp", true},
    Filter{32019, "jpeg", false},
    Filter{32024, "sz3", true},
    Filter{32026, "blosc2", true},
    Filter{32028, "sperr", true},
};

// The line that writes the dataset through a filter that every HDF5 has.
std::string conversion(const Filter& filter, const std::string& file) {
  const std::string from = shell_word(file);
  const std::string to = shell_word(std::filesystem::path(file).replace_extension().string() + "-gzip.h5");
  if (filter.name == "lzf") {
    return fmt::format(
        "h5py has it; convert the file: python3 -c 'import sys, h5py; old, new = h5py.File(sys.argv[1]), "
        "h5py.File(sys.argv[2], \"w\"); old.visititems(lambda name, x: isinstance(x, h5py.Dataset) and "
        "new.create_dataset(name, data=x[()], compression=\"gzip\" if x.shape else None) and "
        "new[name].attrs.update(x.attrs) or None)' {} {}",
        from, to);
  }
  if (filter.in_hdf5plugin) {
    return fmt::format(
        "Python's hdf5plugin has it (pip install hdf5plugin); convert the file: HDF5_PLUGIN_PATH=$(python3 "
        "-c 'import hdf5plugin; print(hdf5plugin.PLUGIN_PATH)') h5repack -f GZIP=4 {} {}",
        from, to);
  }
  return fmt::format(
      "set HDF5_PLUGIN_PATH to the folder of its plugin, or convert the file where the filter is: h5repack "
      "-f GZIP=4 {} {}",
      from, to);
}

}  // namespace

void require_filters(const Handle& creation, const std::string& where, const std::string& file) {
  for (int i = 0; i < H5Pget_nfilters(creation.get()); ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    char name[64] = "";
    const auto number =
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr, sizeof name, name, nullptr);
    if (number < 0 || H5Zfilter_avail(number) > 0) continue;
    name[sizeof name - 1] = '\0';
    const auto known =
        std::find_if(filters.begin(), filters.end(), [&](const Filter& each) { return each.number == number; });
    const Filter filter =
        known != filters.end() ? *known : Filter{number, *name != '\0' ? name : "without a name", false};
    throw usage_error(
        fmt::format("{} is stored through the filter {} (HDF5 number {}), which this HDF5 does not have; {}", where,
                    filter.name, filter.number, conversion(filter, file)));
  }
}

}  // namespace concdemo::hdf5
