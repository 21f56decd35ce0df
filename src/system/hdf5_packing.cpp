#include "system/hdf5_packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_attributes.hpp"
#include "system/hdf5_netcdf.hpp"

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

// The element that a number of an attribute means, as element_bits() gives it: where _Unsigned or the like makes
// elements that are `stored` as one type be read as another of the same size, the attributes are stored so too.
Bits element_of(const Number& number, ElementFormat stored, ElementFormat format) {
  const auto bits_as = [&](ElementFormat as) {
    return std::visit([as](auto value) { return element_bits(value, as); }, number);
  };
  const Bits bits = bits_as(stored);
  return bits ? bits : bits_as(format);
}

std::string to_text(const Number& number) {
  return std::visit([](auto value) { return fmt::format("{}", value); }, number);
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

struct Indices {
  std::uint64_t first = 0, last = 0;
  bool operator==(const Indices&) const = default;
};

// The elements of a format in the order of their values, by index; NaN is not among them.
class Ordered {
 public:
  explicit Ordered(ElementFormat format)
      : kind_(format.kind), sign_(std::uint64_t{1} << (8 * std::min(format.size, 8) - 1)), mask_(sign_ | (sign_ - 1)) {
    if (kind_ != ElementKind::floating) {
      all_.last = mask_;
      return;
    }
    const double infinity = std::numeric_limits<double>::infinity();
    all_ = {index_of(*element_bits(-infinity, format)), index_of(*element_bits(infinity, format))};
  }
  Indices all() const { return all_; }
  std::uint64_t index_of(std::uint64_t bits) const { return bits ^ difference((bits & sign_) != 0); }
  std::uint64_t bits_of(std::uint64_t index) const { return index ^ difference((index & sign_) == 0); }

 private:
  // Of an element and its index, in bits.
  std::uint64_t difference(bool negative) const {
    if (kind_ == ElementKind::unsigned_integer) return 0;
    return kind_ == ElementKind::floating && negative ? mask_ : sign_;
  }

  ElementKind kind_;
  std::uint64_t sign_, mask_;
  Indices all_;
};

// Of a type that is wider all the rest is: 8-bit integers < ... < 64-bit integers < float32 < float64.
int width(ElementFormat format) { return format.size + (format.kind == ElementKind::floating ? 100 : 0); }

struct Limit {
  const char* name;
  Number value;
  ElementFormat type;
  bool is_lowest;
};

// valid_range where it is two numbers, else valid_min and valid_max.
std::vector<Limit> limits_of(const Handle& dataset, const std::string& where, DatasetInfo& info) {
  const auto numbers = [&](const char* name, std::size_t count) {
    AttributeNumbers found = attribute_numbers(dataset, name, where);
    const bool is_nan = std::any_of(found.numbers.begin(), found.numbers.end(),
                                    [](const Number& each) { return std::isnan(to_double(each)); });
    if (has_attribute(dataset, name) && (found.numbers.size() != count || is_nan)) {
      info.notes.push_back(
          fmt::format("its attribute {} is not {}: it is ignored", name, count == 1 ? "a number" : "two numbers"));
      found.numbers.clear();
    }
    return found;
  };
  if (const AttributeNumbers range = numbers("valid_range", 2); !range.numbers.empty()) {
    return {{"valid_range", range.numbers[0], range.type.format, true},
            {"valid_range", range.numbers[1], range.type.format, false}};
  }
  std::vector<Limit> limits;
  for (const bool is_lowest : {true, false}) {
    const char* name = is_lowest ? "valid_min" : "valid_max";
    const AttributeNumbers found = numbers(name, 1);
    if (!found.numbers.empty()) limits.push_back({name, found.numbers[0], found.type.format, is_lowest});
  }
  return limits;
}

// The elements that a limit of stored elements leaves.
std::optional<Indices> stored_within(const Limit& limit, ElementFormat stored, const Ordered& order,
                                     ElementFormat format) {
  Number value = limit.value;
  if (const auto* number = std::get_if<double>(&value); number != nullptr && format.kind != ElementKind::floating) {
    value = limit.is_lowest ? std::ceil(*number) : std::floor(*number);
  }
  const bool is_above = to_double(value) > 0.0;  // where no element is it
  const auto bits = element_of(value, stored, format);
  if (!bits && is_above == limit.is_lowest) return std::nullopt;
  if (!bits) return order.all();
  const std::uint64_t index = order.index_of(*bits);
  return limit.is_lowest ? Indices{index, order.all().last} : Indices{order.all().first, index};
}

// The elements whose unpacked values a limit leaves; they are compared in its type.
std::optional<Indices> unpacked_within(const Limit& limit, const Ordered& order, const DatasetInfo& info) {
  const double end = to_double(limit.value);
  const auto keeps = [&](std::uint64_t index) {
    double value = element_value(order.bits_of(index), info.format) * info.packing.scale + info.packing.offset;
    if (limit.type.kind == ElementKind::floating && limit.type.size <= 4) value = static_cast<float>(value);
    return limit.is_lowest ? value >= end : value <= end;
  };
  // Unpacking keeps the order, or turns it round: what is left ends at one end, or at both.
  const Indices all = order.all();
  const bool has_first = keeps(all.first), has_last = keeps(all.last);
  if (has_first == has_last) return has_first ? std::optional(all) : std::nullopt;
  Indices edge = all;
  while (edge.last - edge.first > 1) {
    const std::uint64_t middle = edge.first + (edge.last - edge.first) / 2;
    (keeps(middle) == has_first ? edge.first : edge.last) = middle;
  }
  return has_first ? Indices{all.first, edge.first} : Indices{edge.last, all.last};
}

// Sets info.packing.valid from valid_min, valid_max and valid_range, in stored elements; scale and offset are there.
// `unpacked`: the types of scale_factor and add_offset, as far as they are there. A limit of the wider of these types
// is one of the unpacked values, where that is wider than the stored type (netCDF User's Guide; CF 8.1); any other
// limits the stored ones.
void find_valid_range(const Handle& dataset, const std::string& where, ElementFormat stored,
                      const std::vector<ElementFormat>& unpacked, DatasetInfo& info) {
  const Ordered order(info.format);
  Indices valid = order.all();
  int unpacked_width = 0;
  for (const ElementFormat format : unpacked) unpacked_width = std::max(unpacked_width, width(format));
  for (const Limit& limit : limits_of(dataset, where, info)) {
    const bool is_unpacked = unpacked_width > width(info.format) && width(limit.type) == unpacked_width;
    const auto left =
        is_unpacked ? unpacked_within(limit, order, info) : stored_within(limit, stored, order, info.format);
    if (!left) {
      info.notes.push_back(fmt::format("its attribute {} has {}, and no {} is {}: it is ignored", limit.name,
                                       to_text(limit.value), info.type_name, limit.is_lowest ? "as high" : "as low"));
      continue;
    }
    valid.first = std::max(valid.first, left->first);
    valid.last = std::min(valid.last, left->last);
  }
  if (valid == order.all()) return;
  info.packing.valid = ValidRange{order.bits_of(valid.first), order.bits_of(valid.last)};
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
