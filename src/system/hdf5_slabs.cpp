#include "system/hdf5_slabs.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace concdemo::hdf5 {

namespace {

// Elements from one index of dimension d to the next.
Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Shape index_of(std::uint64_t flat, const Shape& strides) {
  Shape index(strides.size());
  for (std::size_t d = 0; d < strides.size(); ++d) {
    index[d] = flat / strides[d];
    flat %= strides[d];
  }
  return index;
}

std::uint64_t flat_of(const Shape& index, const Shape& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::uint64_t{0});
}

// The first element of the box at or after `flat`, if there is one.
std::optional<std::uint64_t> first_from(const Box& box, const Shape& strides, std::uint64_t flat) {
  Shape index = index_of(flat, strides);
  const auto end = [&](std::size_t d) { return box.start[d] + box.count[d]; };
  std::size_t d = 0;
  while (d < index.size() && index[d] >= box.start[d] && index[d] < end(d)) ++d;
  if (d == index.size()) return flat;
  if (index[d] >= end(d)) {
    // Past the box in this dimension: on to the next index of the nearest outer one that has a next.
    do {
      if (d == 0) return std::nullopt;
      --d;
    } while (index[d] + 1 >= end(d));
    ++index[d++];
  }
  for (; d < index.size(); ++d) index[d] = box.start[d];
  return flat_of(index, strides);
}

struct ChunkSplit {
  const Shape& shape;
  const Shape& chunk;
  const Shape strides;
  const Range range;
  const std::uint64_t max_elements;
  const BoxVisitor& visit;

  // Halves a box of chunks until it is worth reading: small enough, and all of it wanted or a single chunk.
  void split(const Box& box) const {
    const Box inside = clipped(box, shape);
    const auto first = first_from(inside, strides, range.begin);
    if (!first || *first >= range.end) return;
    std::size_t d = 0;
    while (d < box.count.size() && box.count[d] == chunk[d]) ++d;
    const bool single = d == box.count.size();
    if (single || (inside.elements() <= max_elements && all_wanted(inside))) return visit(inside);
    Box half = box;
    half.count[d] = box.count[d] / chunk[d] / 2 * chunk[d];
    split(half);
    half.start[d] += half.count[d];
    half.count[d] = box.count[d] - half.count[d];
    split(half);
  }

  bool all_wanted(const Box& box) const {
    Shape last = box.start;
    for (std::size_t d = 0; d < last.size(); ++d) last[d] += box.count[d] - 1;
    return flat_of(box.start, strides) >= range.begin && flat_of(last, strides) < range.end;
  }
};

}  // namespace

Box clipped(Box box, const Shape& shape) {
  for (std::size_t d = 0; d < shape.size(); ++d) {
    box.count[d] = std::min(box.count[d], shape[d] - std::min(shape[d], box.start[d]));
  }
  return box;
}

Shape index_in(const Box& box, std::uint64_t offset) {
  Shape index = index_of(offset, strides_of(box.count));
  for (std::size_t d = 0; d < index.size(); ++d) index[d] += box.start[d];
  return index;
}

void visit_runs_in_storage(const Shape& shape, const Shape& storage, Range range,
                           const std::function<void(Range flat, bool is_there)>& visit) {
  const Shape strides = strides_of(shape);
  std::size_t last = shape.size();  // dimensions after it are whole
  while (last > 0 && storage[last - 1] == shape[last - 1]) --last;
  const std::uint64_t row = last == 0 ? range.end : shape[last - 1] * strides[last - 1];
  const std::uint64_t there = last == 0 ? range.end : storage[last - 1] * strides[last - 1];
  for (std::uint64_t at = range.begin; at < range.end;) {
    const std::uint64_t begin = at / row * row;
    const Shape index = index_of(begin, strides);
    bool is_row_there = true;
    for (std::size_t d = 0; d + 1 < last; ++d) is_row_there = is_row_there && index[d] < storage[d];
    const bool is_there = is_row_there && at < begin + there;
    const Range run{at, std::min(range.end, begin + (is_there ? there : row))};
    visit(run, is_there);
    at = run.end;
  }
}

void visit_runs_as_boxes(const Shape& shape, Range range, std::uint64_t max_elements, const BoxVisitor& visit) {
  const Shape strides = strides_of(shape);
  while (range.size() > 0) {
    Box box{index_of(range.begin, strides), Shape(shape.size(), 1)};
    // The outermost dimension in which whole rows begin here.
    std::size_t d = 0;
    while (d + 1 < shape.size() &&
           (range.begin % strides[d] != 0 || range.size() < strides[d] || strides[d] > max_elements)) {
      ++d;
    }
    if (d < shape.size()) {
      box.count[d] = std::min(
          {range.size() / strides[d], shape[d] - box.start[d], std::max(max_elements / strides[d], std::uint64_t{1})});
      std::copy(shape.begin() + static_cast<std::ptrdiff_t>(d) + 1, shape.end(),
                box.count.begin() + static_cast<std::ptrdiff_t>(d) + 1);
    }
    visit(box);
    range.begin += box.elements();
  }
}

void visit_chunk_boxes(const Shape& shape, const Shape& chunk, Range range, std::uint64_t max_elements,
                       const BoxVisitor& visit) {
  if (range.size() == 0) return;
  Box all{Shape(shape.size(), 0), shape};
  for (std::size_t d = 0; d < shape.size(); ++d) all.count[d] = (shape[d] + chunk[d] - 1) / chunk[d] * chunk[d];
  ChunkSplit{shape, chunk, strides_of(shape), range, max_elements, visit}.split(all);
}

void visit_runs_of_box(const Shape& shape, const Box& box, const Box& holder, Range range,
                       const std::function<void(Range flat, std::uint64_t offset)>& visit) {
  if (box.elements() == 0) return;
  const Shape strides = strides_of(shape);
  const Shape in_holder = strides_of(holder.count);
  // Dimensions below `inner` are walked; those from it on make one run.
  std::size_t inner = shape.size();
  std::uint64_t length = 1;
  const auto is_whole = [&](std::size_t d) { return box.count[d] == shape[d] && box.count[d] == holder.count[d]; };
  while (inner > 0 && (inner == shape.size() || is_whole(inner))) length *= box.count[--inner];
  Shape index = box.start;
  std::uint64_t offset = 0;
  for (std::size_t d = 0; d < index.size(); ++d) offset += (index[d] - holder.start[d]) * in_holder[d];
  for (std::uint64_t begin = flat_of(index, strides);;) {
    const Range wanted{std::max(begin, range.begin), std::min(begin + length, range.end)};
    if (wanted.begin < wanted.end) visit(wanted, offset + (wanted.begin - begin));
    std::size_t d = inner;
    while (d > 0 && ++index[d - 1] == box.start[d - 1] + box.count[d - 1]) {
      index[d - 1] = box.start[d - 1];
      begin -= (box.count[d - 1] - 1) * strides[d - 1];
      offset -= (box.count[d - 1] - 1) * in_holder[d - 1];
      --d;
    }
    if (d == 0) return;
    begin += strides[d - 1];
    offset += in_holder[d - 1];
  }
}

Box bounds_of(const Shape& shape, Range range) {
  const Shape strides = strides_of(shape);
  if (range.size() == 0) return {Shape(shape.size(), 0), Shape(shape.size(), 0)};
  Box box{index_of(range.begin, strides), Shape(shape.size(), 1)};
  const Shape last = index_of(range.end - 1, strides);
  std::size_t d = 0;
  while (d < shape.size() && box.start[d] == last[d]) ++d;
  if (d < shape.size()) box.count[d] = last[d] - box.start[d] + 1;
  for (++d; d < shape.size(); ++d) box.start[d] = 0, box.count[d] = shape[d];
  return box;
}

Box common_part(const Box& a, const Box& b) {
  Box both = a;
  for (std::size_t d = 0; d < both.start.size(); ++d) {
    both.start[d] = std::max(a.start[d], b.start[d]);
    const std::uint64_t end = std::min(a.start[d] + a.count[d], b.start[d] + b.count[d]);
    both.count[d] = end - std::min(end, both.start[d]);
  }
  return both;
}

}  // namespace concdemo::hdf5
