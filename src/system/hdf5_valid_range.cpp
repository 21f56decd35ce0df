#include "system/hdf5_valid_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace concdemo::hdf5 {

namespace {

// The elements of a format in the order of their values, by index; NaN is not among them.
class Ordered {
 public:
  explicit Ordered(ElementFormat format)
      : kind_(format.kind), sign_(std::uint64_t{1} << (8 * std::min(format.size, 8) - 1)), mask_(sign_ | (sign_ - 1)) {
    if (kind_ == ElementKind::floating) {
      const double infinity = std::numeric_limits<double>::infinity();
      first_ = index_of(*element_bits(-infinity, format));
      last_ = index_of(*element_bits(infinity, format));
    } else {
      last_ = mask_;
    }
  }
  std::uint64_t first() const { return first_; }
  std::uint64_t last() const { return last_; }
  std::uint64_t index_of(std::uint64_t bits) const {
    if (kind_ == ElementKind::unsigned_integer) return bits;
    if (kind_ == ElementKind::signed_integer) return bits ^ sign_;
    return (bits & sign_) != 0 ? ~bits & mask_ : bits | sign_;
  }
  std::uint64_t bits_of(std::uint64_t index) const {
    if (kind_ == ElementKind::unsigned_integer) return index;
    if (kind_ == ElementKind::signed_integer) return index ^ sign_;
    return (index & sign_) != 0 ? index & ~sign_ : ~index & mask_;
  }

 private:
  ElementKind kind_;
  std::uint64_t sign_;
  std::uint64_t mask_;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

struct Indices {
  std::uint64_t first;
  std::uint64_t last;
};

// The first index from which on `holds`, which then holds for all that follow; last + 1 is wrapped to nothing.
std::optional<std::uint64_t> first_where(Indices indices, const std::function<bool(std::uint64_t)>& holds) {
  if (!holds(indices.last)) return std::nullopt;
  while (indices.first < indices.last) {
    const std::uint64_t middle = indices.first + (indices.last - indices.first) / 2;
    if (holds(middle)) indices.last = middle;
    else indices.first = middle + 1;
  }
  return indices.first;
}

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
  if (!bits) return Indices{order.first(), order.last()};
  const std::uint64_t index = order.index_of(*bits);
  return limit.is_lowest ? Indices{index, order.last()} : Indices{order.first(), index};
}

// The elements whose unpacked values a limit leaves; they are compared in its type.
std::optional<Indices> unpacked_within(const Limit& limit, const Ordered& order, const DatasetInfo& info) {
  const Packing& packing = info.packing;
  const double end = to_double(limit.value);
  const auto keeps = [&](std::uint64_t index) {
    double value = element_value(order.bits_of(index), info.format) * packing.scale + packing.offset;
    if (limit.type.kind == ElementKind::floating && limit.type.size <= 4) value = static_cast<float>(value);
    return limit.is_lowest ? value >= end : value <= end;
  };
  // Unpacking keeps the order, or turns it round.
  const bool keeps_the_high = limit.is_lowest == (packing.scale >= 0.0);
  if (keeps_the_high) {
    const auto first = first_where({order.first(), order.last()}, keeps);
    return first ? std::optional(Indices{*first, order.last()}) : std::nullopt;
  }
  if (!keeps(order.first())) return std::nullopt;
  const auto end_of_them = first_where({order.first(), order.last()}, [&](std::uint64_t i) { return !keeps(i); });
  return Indices{order.first(), end_of_them ? *end_of_them - 1 : order.last()};
}

}  // namespace

std::optional<std::uint64_t> element_of(const Number& number, ElementFormat stored, ElementFormat format) {
  const auto bits_as = [&](ElementFormat as) {
    return std::visit([as](auto value) { return element_bits(value, as); }, number);
  };
  const auto bits = bits_as(stored);
  return bits ? bits : bits_as(format);
}

std::string to_text(const Number& number) {
  return std::visit([](auto value) { return fmt::format("{}", value); }, number);
}

void find_valid_range(const Handle& dataset, const std::string& where, ElementFormat stored,
                      const std::vector<ElementFormat>& unpacked, DatasetInfo& info) {
  const Ordered order(info.format);
  Indices valid{order.first(), order.last()};
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
  if (valid.first == order.first() && valid.last == order.last()) return;
  info.packing.valid = ValidRange{order.bits_of(valid.first), order.bits_of(valid.last)};
}

}  // namespace concdemo::hdf5
