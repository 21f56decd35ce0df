#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "system/hdf5_open.hpp"

// The attributes of groups and datasets. Call it under the Lock.
namespace concdemo::hdf5 {

bool has_attribute(const Handle& object, const char* name);

// The text of a string attribute, of fixed or variable length; empty when there is none.
std::string attribute_text(const Handle& object, const char* name);

using Number = std::variant<std::int64_t, std::uint64_t, double>;

struct AttributeNumbers {
  TypeInfo type;                // not numeric: there are no numbers in it
  std::vector<Number> numbers;  // none where there is no such attribute
};

// `where` names the object in an Error.
AttributeNumbers attribute_numbers(const Handle& object, const char* name, const std::string& where);

double to_double(const Number& number);

}  // namespace concdemo::hdf5
