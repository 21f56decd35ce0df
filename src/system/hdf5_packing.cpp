#include "system/hdf5_packing.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {

namespace {

using Number = std::variant<std::int64_t, std::uint64_t, double>;

// The numbers of an attribute; none when the dataset has no such attribute or it is empty.
std::vector<Number> attribute_numbers(const Handle& dataset, const char* name, const std::string& where) {
  if (H5Aexists(dataset.get(), name) <= 0) return {};
  const Handle attribute(checked(H5Aopen(dataset.get(), name, H5P_DEFAULT), where), H5Aclose);
  const Handle type(checked(H5Aget_type(attribute.get()), where), H5Tclose);
  const Handle space(checked(H5Aget_space(attribute.get()), where), H5Sclose);
  const TypeInfo info = describe_type(type);
  if (!info.numeric) {
    throw usage_error(fmt::format("the attribute {} of {} is of type {}, not a number; correct or delete it", name,
                                  where, info.name));
  }
  const auto count = static_cast<std::size_t>(std::max(hssize_t{0}, H5Sget_simple_extent_npoints(space.get())));
  const auto read = [&]<class T>(T, Id memory_type) {
    std::vector<T> values(count);
    if (count > 0) checked(H5Aread(attribute.get(), memory_type, values.data()), where + ": attribute " + name);
    return std::vector<Number>(values.begin(), values.end());
  };
  if (info.format.kind == ElementKind::floating) return read(double{}, H5T_NATIVE_DOUBLE);
  if (info.format.kind == ElementKind::signed_integer) return read(std::int64_t{}, H5T_NATIVE_INT64);
  return read(std::uint64_t{}, H5T_NATIVE_UINT64);
}

std::optional<double> attribute_number(const Handle& dataset, const char* name, const std::string& where) {
  const std::vector<Number> numbers = attribute_numbers(dataset, name, where);
  if (numbers.empty()) return std::nullopt;
  const double value = std::visit([](auto number) { return static_cast<double>(number); }, numbers.front());
  if (numbers.size() > 1 || !std::isfinite(value)) {
    throw usage_error(
        fmt::format("the attribute {} of {} is not one finite number; correct or delete it", name, where));
  }
  return value;
}

// netCDF classic had no unsigned integers: _Unsigned says that they are stored as signed ones, fill values too.
void honour_unsigned(const Handle& dataset, DatasetInfo& info) {
  if (info.format.kind == ElementKind::floating || info.library_conversion) return;
  const std::string text = attribute_text(dataset, "_Unsigned");
  if (text == "true") info.format.kind = ElementKind::unsigned_integer;
  if (text == "false") info.format.kind = ElementKind::signed_integer;
}

}  // namespace

std::string attribute_text(const Handle& object, const char* name) {
  if (H5Aexists(object.get(), name) <= 0) return {};
  const Handle attribute(H5Aopen(object.get(), name, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Sget_simple_extent_npoints(space.get()) != 1) return {};
  if (H5Tis_variable_str(type.get()) > 0) {
    char* text = nullptr;
    if (H5Aread(attribute.get(), type.get(), &text) < 0 || text == nullptr) return {};
    const std::string copy = text;
    H5free_memory(text);
    return copy;
  }
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

void find_packing(const Handle& dataset, const std::string& where, DatasetInfo& info) {
  const ElementFormat stored = info.format;
  honour_unsigned(dataset, info);
  for (const char* name : {"_FillValue", "missing_value"}) {
    for (const Number& number : attribute_numbers(dataset, name, where)) {
      const auto bits_as = [&](ElementFormat format) {
        return std::visit([format](auto value) { return element_bits(value, format); }, number);
      };
      auto bits = bits_as(stored);
      if (!bits) bits = bits_as(info.format);
      // What the type cannot hold cannot be in the data.
      auto& missing = info.packing.missing;
      if (bits && std::find(missing.begin(), missing.end(), *bits) == missing.end()) missing.push_back(*bits);
    }
  }
  info.packing.scale = attribute_number(dataset, "scale_factor", where).value_or(1.0);
  info.packing.offset = attribute_number(dataset, "add_offset", where).value_or(0.0);
  info.packing.scaled = info.packing.scale != 1.0 || info.packing.offset != 0.0;
}

}  // namespace concdemo::hdf5
