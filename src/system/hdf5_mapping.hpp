#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/shape.hpp"
#include "system/hdf5.hpp"

// One mapping of a virtual dataset: which elements of a source are which of its own. Call it under the Lock.
namespace concdemo::hdf5 {

struct Mapping {
  std::string file;  // "." for the dataset's own
  std::string dataset;
  bool numbered = false;  // the names hold a block's number as %b, and each block has a source of its own
  Handle virtual_space;   // what it covers; the extent is the one stored with the virtual dataset
  Handle source_space;
};

Mapping mapping_of(const Handle& creation, std::size_t index);

// The names of one block's source.
std::string numbered_name(const std::string& pattern, std::uint64_t block);

// The dimension in which a selection goes on without end.
std::optional<std::size_t> endless_dimension(const Handle& space);

// How many indices of the endless dimension the selection has below `extent`.
std::uint64_t indices_below(const Handle& space, std::size_t dimension, std::uint64_t extent);

// Takes what `selection` selects out of the selection of `left`, which has the same rank. Of an endless dimension: the
// first `indices` that are selected.
void subtract(const Handle& left, const Handle& selection, std::uint64_t indices);
// The block-th block of an endless selection alone.
void subtract_block(const Handle& left, const Handle& selection, std::uint64_t block);

}  // namespace concdemo::hdf5
