#pragma once
#include <cstddef>
#include <cstdint>

namespace concdemo {

// Half-open range of global indices.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// The numbers 0, 1, ..., count-1 as a range to go through.
struct Indices {
  std::uint64_t count = 0;
  struct Iterator {
    std::uint64_t at = 0;
    std::uint64_t operator*() const { return at; }
    Iterator& operator++() { return ++at, *this; }
    Iterator operator+(std::ptrdiff_t steps) const { return {at + static_cast<std::uint64_t>(steps)}; }
    std::ptrdiff_t operator-(Iterator other) const { return static_cast<std::ptrdiff_t>(at - other.at); }
    bool operator==(const Iterator&) const = default;
  };
  Iterator begin() const { return {0}; }
  Iterator end() const { return {count}; }
};

// The index-th of `parts` consecutive parts of [0, count); sizes differ by at most one, larger parts first.
constexpr Range part_of(std::uint64_t count, std::uint64_t parts, std::uint64_t index) {
  const std::uint64_t base = count / parts;
  const std::uint64_t extra = count % parts;
  const std::uint64_t begin = index * base + (index < extra ? index : extra);
  return {begin, begin + base + (index < extra ? 1 : 0)};
}

}  // namespace concdemo
