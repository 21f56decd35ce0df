#include "system/hdf5_filters.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include "base/error.hpp"

namespace concdemo::hdf5 {

void require_filters(const Handle& plist, const std::string& where) {
  for (int i = 0; i < H5Pget_nfilters(plist.get()); ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    char name[64] = "";
    const auto filter =
        H5Pget_filter2(plist.get(), static_cast<unsigned>(i), &flags, &values, nullptr, sizeof name, name, nullptr);
    if (filter < 0 || H5Zfilter_avail(filter) > 0) continue;
    name[sizeof name - 1] = '\0';
    throw usage_error(fmt::format("{} is stored through the filter {} (HDF5 number {}), which this HDF5 does not have; "
                                  "set HDF5_PLUGIN_PATH to the folder of its plugin, or repack the file where the "
                                  "filter is: h5repack -f GZIP=4",
                                  where, *name != '\0' ? name : "without a name", static_cast<int>(filter)));
  }
}

}  // namespace concdemo::hdf5
