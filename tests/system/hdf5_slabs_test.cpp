#include "system/hdf5_slabs.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <utility>

#include "support/catch.hpp"

using namespace concdemo;
using namespace concdemo::hdf5;

namespace {

// What a read of `box` out of the array 0, 1, 2, ... of this shape gives.
std::vector<std::uint64_t> elements_of(const Shape& shape, const Box& box) {
  std::vector<std::uint64_t> elements{0};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    std::vector<std::uint64_t> longer;
    for (const std::uint64_t outer : elements) {
      for (std::uint64_t i = 0; i < box.count[d]; ++i) longer.push_back(outer * shape[d] + box.start[d] + i);
    }
    elements = longer;
  }
  return elements;
}

std::vector<std::uint64_t> numbers(Range range) {
  std::vector<std::uint64_t> all(range.size());
  std::iota(all.begin(), all.end(), range.begin);
  return all;
}
}  // namespace

TEST_CASE("boxes cover exactly the range, chunk boxes each chunk it touches once") {
  std::mt19937 random(3);
  const auto below = [&](std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random); };
  for (int round = 0; round < 3000; ++round) {
    Shape shape(below(5)), chunk;
    for (std::uint64_t& extent : shape) {
      extent = 1 + below(7);
      chunk.push_back(1 + below(extent + 2));
    }
    const std::uint64_t count = element_count(shape);
    Range range{below(count + 1), below(count + 1)};
    if (range.begin > range.end) std::swap(range.begin, range.end);
    const std::uint64_t limit = 1 + below(60);

    std::vector<std::uint64_t> seen;
    visit_runs_as_boxes(shape, range, limit, [&](const Box& box) {
      if (box.elements() > limit) FAIL("a box of " << box.elements());
      for (const std::uint64_t element : elements_of(shape, box)) seen.push_back(element);
    });
    if (seen != numbers(range)) FAIL("runs of " << to_text(shape) << " [" << range.begin << ", " << range.end << ")");

    std::set<std::uint64_t> wanted, covered;
    visit_chunk_boxes(shape, chunk, range, limit, [&](const Box& box) {
      std::uint64_t chunks = 1;
      for (std::size_t d = 0; d < shape.size(); ++d) {
        const std::uint64_t end = box.start[d] + box.count[d];
        if (box.start[d] % chunk[d] != 0 || (end % chunk[d] != 0 && end != shape[d])) FAIL("not whole chunks");
        chunks *= (box.count[d] + chunk[d] - 1) / chunk[d];
      }
      if (chunks > 1 && box.elements() > limit) FAIL("a box of " << box.elements());
      const auto elements = elements_of(shape, box);
      bool touched = false;
      for (const std::uint64_t element : elements) {
        if (!covered.insert(element).second) FAIL("element " << element << " twice");
        touched |= element >= range.begin && element < range.end;
      }
      if (!touched) FAIL("a box without an element of the range");
      visit_runs_of_box(shape, box, box, range, [&](Range flat, std::uint64_t offset) {
        for (std::uint64_t i = flat.begin; i < flat.end; ++i) {
          if (elements[offset + i - flat.begin] != i || !wanted.insert(i).second) FAIL("element " << i);
        }
      });
    });
    const auto all = numbers(range);
    if (!(wanted == std::set(all.begin(), all.end()))) FAIL("chunks of " << to_text(shape));
  }
}

TEST_CASE("runs of a part of a chunk are found in the chunk, and bounds hold a range") {
  const Shape shape = {5, 7, 6};
  const Box chunk = {{0, 3, 2}, {4, 3, 4}};
  for (const Box& part : {Box{{0, 3, 2}, {4, 3, 4}}, Box{{1, 3, 2}, {2, 3, 4}}, Box{{1, 4, 3}, {1, 2, 2}},
                          Box{{3, 5, 5}, {1, 1, 1}}, Box{{1, 4, 3}, {2, 0, 2}}}) {
    const auto elements = elements_of(shape, chunk);  // of the array, in the order of the chunk
    const auto expected = elements_of(shape, part);
    for (const Range range : {Range{0, 210}, Range{60, 61}, Range{71, 150}}) {
      std::set<std::uint64_t> seen;
      visit_runs_of_box(shape, part, chunk, range, [&](Range flat, std::uint64_t offset) {
        for (std::uint64_t i = flat.begin; i < flat.end; ++i) {
          if (elements[offset + i - flat.begin] != i || !seen.insert(i).second) FAIL("element " << i);
        }
      });
      std::set<std::uint64_t> wanted;
      for (const std::uint64_t i : expected) {
        if (i >= range.begin && i < range.end) wanted.insert(i);
      }
      CHECK(seen == wanted);
      const Box bounds = bounds_of(shape, range);
      const auto held = elements_of(shape, bounds);
      for (std::uint64_t i = range.begin; i < range.end; ++i) {
        if (std::find(held.begin(), held.end(), i) == held.end()) FAIL("bounds without " << i);
      }
    }
    CHECK(common_part(chunk, part).count == part.count);
  }
  CHECK(bounds_of(shape, {60, 61}).elements() == 1);
  CHECK(bounds_of(shape, {7, 7}).elements() == 0);
  CHECK(common_part(chunk, {{4, 0, 0}, {1, 7, 6}}).elements() == 0);
}

TEST_CASE("a range is cut where storage ends, whatever dimensions are shorter there") {
  const Shape shape = {3, 4, 2, 3};
  for (const Shape& storage : {Shape{3, 4, 2, 3}, Shape{2, 4, 2, 3}, Shape{3, 2, 2, 3}, Shape{1, 3, 2, 2},
                               Shape{0, 4, 2, 3}, Shape{2, 4, 1, 3}}) {
    for (const Range range : {Range{0, 72}, Range{5, 5}, Range{7, 8}, Range{1, 50}, Range{23, 49}}) {
      std::uint64_t at = range.begin;
      visit_runs_in_storage(shape, storage, range, [&](Range run, bool is_there) {
        CHECK(run.begin == at);
        CHECK(run.begin < run.end);
        for (std::uint64_t i = run.begin; i < run.end; ++i) {
          const Shape index = {i / 24, i / 6 % 4, i / 3 % 2, i % 3};
          bool inside = true;
          for (std::size_t d = 0; d < 4; ++d) inside = inside && index[d] < storage[d];
          if (inside != is_there) FAIL("element " << i << " of storage " << to_text(storage));
        }
        at = run.end;
      });
      CHECK(at == range.end);
    }
  }
}
