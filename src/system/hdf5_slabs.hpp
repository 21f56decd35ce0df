#pragma once
#include <cstdint>
#include <functional>

#include "base/partition.hpp"
#include "base/shape.hpp"

// How a flat range of an N-dimensional array is cut into boxes that can be read at once. Plain arithmetic, no HDF5.
namespace concdemo::hdf5 {

// count[d] elements from start[d] on, in each dimension.
struct Box {
  Shape start;
  Shape count;
  std::uint64_t elements() const { return element_count(count); }
};

Box clipped(Box box, const Shape& shape);

// Where in the array the element at `offset` of the box is, the box in C order.
Shape index_in(const Box& box, std::uint64_t offset);

// The range in order, in runs that are wholly inside `storage` (extents of at most those of `shape`) or wholly outside.
void visit_runs_in_storage(const Shape& shape, const Shape& storage, Range range,
                           const std::function<void(Range flat, bool is_there)>& visit);

using BoxVisitor = std::function<void(const Box&)>;

// Boxes of at most max_elements (at least 1) that hold exactly the range, each of them one run of it, in order.
void visit_runs_as_boxes(const Shape& shape, Range range, std::uint64_t max_elements, const BoxVisitor& visit);

// Boxes of whole chunks, clipped to the shape, that together hold each chunk that the range touches, once. A box has at
// most max_elements, or is a single chunk.
void visit_chunk_boxes(const Shape& shape, const Shape& chunk, Range range, std::uint64_t max_elements,
                       const BoxVisitor& visit);

// The parts of a box (itself in C order) that are runs of the array, cut to the range: `flat` elements of the array are
// found from element `offset` of the box on.
void visit_runs_of_box(const Shape& shape, const Box& box, Range range,
                       const std::function<void(Range flat, std::uint64_t offset)>& visit);

}  // namespace concdemo::hdf5
