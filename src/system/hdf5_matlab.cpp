#include "system/hdf5_matlab.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.hpp"
#include "system/hdf5_attributes.hpp"

namespace concdemo::hdf5 {

std::string matlab_kind(const Handle& dataset) {
  const std::string kind = attribute_text(dataset, "MATLAB_class");
  constexpr std::array<std::string_view, 11> numbers{"double", "single", "int8",  "uint8",  "int16",  "uint16",
                                                     "int32",  "uint32", "int64", "uint64", "logical"};
  if (kind.empty() || std::find(numbers.begin(), numbers.end(), kind) != numbers.end()) return {};
  return "MATLAB " + kind;
}

std::optional<Shape> matlab_empty(const Handle& dataset, const std::string& where) {
  const auto flag = attribute_numbers(dataset, "MATLAB_empty", where).numbers;
  if (flag.size() != 1 || to_double(flag.front()) == 0.0) return std::nullopt;
  const Handle space(readable(H5Dget_space(dataset.get()), where), H5Sclose);
  const hssize_t rank = H5Sget_simple_extent_npoints(space.get());
  Shape extents(static_cast<std::size_t>(rank >= 1 && rank <= H5S_MAX_RANK ? rank : 0));
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const bool is_list = !extents.empty() && H5Tget_class(type.get()) == H5T_INTEGER &&
                       H5Dread(dataset.get(), H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, extents.data()) >= 0;
  if (!is_list || std::find(extents.begin(), extents.end(), 0) == extents.end()) {
    throw usage_error(
        fmt::format("{} has the attribute MATLAB_empty, and its data are not the extents of an array "
                    "without elements; delete the attribute if they are data",
                    where));
  }
  std::reverse(extents.begin(), extents.end());  // MATLAB's first index is the fastest
  return extents;
}

}  // namespace concdemo::hdf5
