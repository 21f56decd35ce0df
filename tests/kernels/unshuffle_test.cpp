#include "kernels/unshuffle.hpp"

#include <random>
#include <vector>

#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;

namespace {

constexpr std::byte mark{0xa5};

// Elements [begin, end) of n whose bytes differ with element and place, from memory `offset` bytes off a line.
void check(std::size_t n, std::size_t size, std::size_t begin, std::size_t end, std::size_t offset) {
  static std::vector<std::byte> planes, out;
  const auto value = [&](std::size_t i, std::size_t byte) {
    return static_cast<std::byte>(i * 31 + i / 256 + byte * 57);
  };
  planes.assign(n * size + 64, mark);
  for (std::size_t byte = 0; byte < size; ++byte) {
    for (std::size_t i = 0; i < n; ++i) planes[offset + byte * n + i] = value(i, byte);
  }
  out.assign((end - begin) * size + 192, mark);
  std::byte* to = out.data() + (offset * 7) % 64;
  unshuffle(planes.data() + offset, n, size, begin, end, to);
  bool right = true;
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t byte = 0; byte < size; ++byte) right = right && to[(i - begin) * size + byte] == value(i, byte);
  }
  for (const std::byte& each : out) {
    if (&each < to || &each >= to + (end - begin) * size) right = right && each == mark;
  }
  if (!right) FAIL("n " << n << " size " << size << " [" << begin << ", " << end << ") offset " << offset);
}

}  // namespace

TEST_CASE("on every SIMD target, elements of 1 to 17 bytes come back from their planes and nothing else is written") {
  test::on_every_target([] {
    for (std::size_t size = 1; size <= 17; ++size) {
      for (std::size_t n = 0; n <= 200; ++n) check(n, size, 0, n, (n * 13 + size) % 64);
      for (std::size_t offset = 0; offset < 64; ++offset) check(150, size, 0, 150, offset);
      check(5000, size, 0, 5000, 3);
    }
  });
}

TEST_CASE("on every SIMD target, a piece of the elements is the same as of all of them") {
  std::mt19937 random(17);
  test::on_every_target([&] {
    for (const std::size_t size : {1, 2, 3, 4, 8, 12, 16}) {
      for (int round = 0; round < 100; ++round) {
        const std::size_t n = 1 + random() % 1000, begin = random() % (n + 1), end = begin + random() % (n - begin + 1);
        check(n, size, begin, end, random() % 64);
      }
    }
  });
}
