#include "system/hdf5_packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_attributes.hpp"
#include "system/hdf5_netcdf.hpp"
#include "system/hdf5_valid_range.hpp"

namespace concdemo::hdf5 {

namespace {

using Bits = std::optional<std::uint64_t>;

// scale_factor or add_offset; its type is that of the unpacked data.
struct Term {
  TypeInfo type;
  std::optional<double> value;
};

Term term_of(const Handle& dataset, const char* name, const std::string& where) {
  const AttributeNumbers found = attribute_numbers(dataset, name, where);
  if (!found.type.numeric && has_attribute(dataset, name)) {
    throw usage_error(fmt::format("the attribute {} of {} is of type {}, not a number; correct or delete it", name,
                                  where, found.type.name));
  }
  if (found.numbers.empty()) return {found.type, std::nullopt};
  const double value = to_double(found.numbers.front());
  if (found.numbers.size() > 1 || !std::isfinite(value)) {
    throw usage_error(
        fmt::format("the attribute {} of {} is not one finite number; correct or delete it", name, where));
  }
  return {found.type, value};
}

// CF 2.2, for netCDF classic had no unsigned bytes: those whose valid range only unsigned ones have are unsigned.
bool has_unsigned_range(const Handle& dataset, const std::string& where) {
  std::vector<Number> range = attribute_numbers(dataset, "valid_range", where).numbers;
  if (range.size() != 2) range = attribute_numbers(dataset, "valid_max", where).numbers;
  if (range.empty()) return false;
  const double highest = to_double(range.back());
  return to_double(range.front()) >= 0.0 && highest > 127.0 && highest <= 255.0;
}

// netCDF classic had no unsigned integers: _Unsigned says that they are stored as signed ones.
void honour_unsigned(const Handle& dataset, const std::string& where, DatasetInfo& info) {
  constexpr const char* name = "_Unsigned";
  if (info.format.kind == ElementKind::floating || info.library_conversion) return;
  if (!has_attribute(dataset, name)) {
    const bool is_byte = info.format == ElementFormat{ElementKind::signed_integer, 1, false};
    if (is_byte && has_unsigned_range(dataset, where)) info.format.kind = ElementKind::unsigned_integer;
    return;
  }
  std::string text = attribute_text(dataset, name);
  text.erase(text.find_last_not_of(' ') + 1);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true") {
    info.format.kind = ElementKind::unsigned_integer;
  } else if (text == "false") {
    info.format.kind = ElementKind::signed_integer;
  } else {
    info.notes.push_back("its attribute _Unsigned is neither \"true\" nor \"false\": it is ignored");
  }
}

// The numbers of _FillValue or missing_value as elements; what cannot be one is noted.
std::vector<std::uint64_t> elements_of(const Handle& dataset, const char* name, const std::string& where,
                                       ElementFormat stored, DatasetInfo& info) {
  const AttributeNumbers found = attribute_numbers(dataset, name, where);
  if (!found.type.numeric && has_attribute(dataset, name)) {
    info.notes.push_back(
        fmt::format("its attribute {} is of type {}, not a number: it is ignored", name, found.type.name));
  }
  std::vector<std::uint64_t> elements;
  for (const Number& number : found.numbers) {
    if (const Bits bits = element_of(number, stored, info.format)) {
      elements.push_back(*bits);
    } else {
      info.notes.push_back(fmt::format("its attribute {} has {}, which no {} can be: it is ignored", name,
                                       to_text(number), info.type_name));
    }
  }
  return elements;
}

}  // namespace

void find_packing(const Handle& dataset, const std::string& where, DatasetInfo& info) {
  Packing& packing = info.packing;
  const ElementFormat stored = info.format;
  honour_unsigned(dataset, where, info);

  const Term scale = term_of(dataset, "scale_factor", where);
  const Term offset = term_of(dataset, "add_offset", where);
  packing.scale = scale.value.value_or(1.0);
  packing.offset = offset.value.value_or(0.0);
  packing.scaled = packing.scale != 1.0 || packing.offset != 0.0;

  packing.missing = elements_of(dataset, "_FillValue", where, stored, info);
  const bool is_byte = info.format.size == 1;  // any of its 256 values may be data
  if (packing.missing.empty() && !is_byte && is_netcdf4(dataset, info)) {
    if (const Bits fill = netcdf_fill(dataset, info)) packing.missing.push_back(*fill);
  }
  for (const std::uint64_t bits : elements_of(dataset, "missing_value", where, stored, info)) {
    if (std::find(packing.missing.begin(), packing.missing.end(), bits) == packing.missing.end()) {
      packing.missing.push_back(bits);
    }
  }
  std::vector<ElementFormat> unpacked;
  for (const Term& term : {scale, offset}) {
    if (term.value) unpacked.push_back(term.type.format);
  }
  find_valid_range(dataset, where, stored, unpacked, info);
}

}  // namespace concdemo::hdf5
