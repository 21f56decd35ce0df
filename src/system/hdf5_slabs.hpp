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

// The parts of a box that are runs of the array, and of the `holder` that contains the box (in C order), cut to the
// range: `flat` elements of the array are found from element `offset` of the holder on.
void visit_runs_of_box(const Shape& shape, const Box& box, const Box& holder, Range range,
                       const std::function<void(Range flat, std::uint64_t offset)>& visit);

// The smallest box that holds the range; of no elements where that is empty.
Box bounds_of(const Shape& shape, Range range);

// What both hold; some count is 0 where that is nothing.
Box common_part(const Box& a, const Box& b);

}  // namespace concdemo::hdf5
