#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "system/hdf5_attributes.hpp"
#include "system/hdf5_read.hpp"

// valid_min, valid_max and valid_range. Call it under the Lock.
namespace concdemo::hdf5 {

// The element that a number of an attribute means, as element_bits() gives it: where _Unsigned or the like makes
// elements that are `stored` as one type be read as another of the same size, the attributes are stored so too.
std::optional<std::uint64_t> element_of(const Number& number, ElementFormat stored, ElementFormat format);

std::string to_text(const Number& number);

// Sets info.packing.valid, in stored elements; info.packing has its scale and offset. `unpacked`: the types of
// scale_factor and add_offset, as far as they are there. A limit of the wider of these types is one of the unpacked
// values, where that is wider than the stored type (netCDF User's Guide; CF 8.1); any other limits the stored ones.
void find_valid_range(const Handle& dataset, const std::string& where, ElementFormat stored,
                      const std::vector<ElementFormat>& unpacked, DatasetInfo& info);

}  // namespace concdemo::hdf5
