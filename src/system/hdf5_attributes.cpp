#include "system/hdf5_attributes.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstddef>

#include "base/error.hpp"

namespace concdemo::hdf5 {

constexpr std::size_t most_bytes = std::size_t{1} << 24;  // of a sound attribute: damaged files tell of any number

bool has_attribute(const Handle& object, const char* name) { return H5Aexists(object.get(), name) > 0; }

std::string attribute_text(const Handle& object, const char* name) {
  if (!has_attribute(object, name)) return {};
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
  if (H5Tget_size(type.get()) > most_bytes) return {};
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

AttributeNumbers attribute_numbers(const Handle& object, const char* name, const std::string& where) {
  if (!has_attribute(object, name)) return {};
  const Handle attribute(readable(H5Aopen(object.get(), name, H5P_DEFAULT), where), H5Aclose);
  const Handle type(readable(H5Aget_type(attribute.get()), where), H5Tclose);
  const Handle space(readable(H5Aget_space(attribute.get()), where), H5Sclose);
  AttributeNumbers found{describe_type(type), {}};
  if (!found.type.numeric) return found;
  const auto count = static_cast<std::size_t>(std::max(hssize_t{0}, H5Sget_simple_extent_npoints(space.get())));
  if (count > most_bytes / H5Tget_size(type.get())) {
    throw usage_error(
        fmt::format("{} is damaged: its attribute {} has {} elements; copy it again", where, name, count));
  }
  const auto read = [&]<class T>(T, Id memory_type) {
    std::vector<T> values(count);
    if (count > 0) readable(H5Aread(attribute.get(), memory_type, values.data()), where + ": attribute " + name);
    found.numbers.assign(values.begin(), values.end());
  };
  switch (found.type.format.kind) {
    case ElementKind::floating: read(double{}, H5T_NATIVE_DOUBLE); break;
    case ElementKind::signed_integer: read(std::int64_t{}, H5T_NATIVE_INT64); break;
    case ElementKind::unsigned_integer: read(std::uint64_t{}, H5T_NATIVE_UINT64); break;
  }
  return found;
}

double to_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

}  // namespace concdemo::hdf5
