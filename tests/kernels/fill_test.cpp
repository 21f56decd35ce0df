#include "kernels/fill.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/every_target.hpp"

using concdemo::fill_index;
using concdemo::fill_uniform;
using concdemo::philox4x32_10;
using concdemo::uniform_at;

namespace {
using Words = std::array<std::uint32_t, 4>;
}

TEST_CASE("Philox gives the published Random123 vectors") {
  CHECK(philox4x32_10({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform_at takes 53 bits of the published vector of zeros") {
  CHECK(uniform_at(0, 0, 0) == static_cast<double>(0xe169c58d6627e8d5 >> 11) * 0x1p-53);
  CHECK(uniform_at(0, 0, 1) == static_cast<double>(0x9b00dbd8bc57ac4c >> 11) * 0x1p-53);
}

TEST_CASE("uniform numbers depend on seed, stream and index alone") {
  const std::uint64_t firsts[] = {
      0, 1, 2, 7, (std::uint64_t{1} << 33) - 5, (std::uint64_t{1} << 33) - 300, ~std::uint64_t{0} - 5001};
  for (const std::uint64_t first : firsts) {
    for (const std::size_t size : {0, 1, 2, 3, 31, 32, 33, 64, 67, 301, 5001}) {
      std::vector<double> expected(size);
      for (std::size_t i = 0; i < size; ++i) expected[i] = uniform_at(0x123456789abcdef0, 3, first + i);
      concdemo::test::on_every_target([&] {
        for (const int threads : {1, 2, 3}) {
          std::vector<double> padded(size + 2, -1.0);  // the guard elements must stay untouched
          fill_uniform({padded.data() + 1, size}, 0x123456789abcdef0, 3, first, threads);
          CAPTURE(first, size, threads);
          CHECK(padded.front() == -1.0);
          CHECK(padded.back() == -1.0);
          CHECK((size == 0 || std::memcmp(padded.data() + 1, expected.data(), size * sizeof(double)) == 0));
        }
      });
    }
  }
}

TEST_CASE("uniform numbers change with every bit of seed and stream") {
  const double base = uniform_at(0, 0, 0);
  for (int bit = 0; bit < 64; ++bit) CHECK(uniform_at(std::uint64_t{1} << bit, 0, 0) != base);
  for (int bit = 0; bit < 32; ++bit) CHECK(uniform_at(0, std::uint32_t{1} << bit, 0) != base);
  for (int bit = 0; bit < 64; ++bit) CHECK(uniform_at(0, 0, std::uint64_t{1} << bit) != base);
}

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  std::vector<double> x(1 << 16);
  fill_uniform(x, 1, 0, 0, 2);
  std::vector<int> bins(16);
  int outside = 0;
  for (const double value : x) {
    if (!(value >= 0 && value < 1)) ++outside;
    else ++bins[static_cast<std::size_t>(value * 16)];
  }
  CHECK(outside == 0);
  double chi_squared = 0;  // 15 degrees of freedom: above 50 once in 10^5 seeds
  for (const int count : bins) chi_squared += (count - 4096.0) * (count - 4096.0) / 4096.0;
  CHECK(chi_squared < 50);
}

TEST_CASE("fill_index writes the global index") {
  for (const int threads : {1, 3}) {
    std::vector<double> x(101);
    fill_index(x, 40, threads);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == 40.0 + static_cast<double>(i));
    std::vector<double> far(3);
    fill_index(far, (std::uint64_t{1} << 53), threads);
    CHECK(far == std::vector<double>{0x1p53, 0x1p53, 0x1p53 + 2});
    fill_index(far, ~std::uint64_t{0} - 2, threads);
    CHECK(far == std::vector<double>{0x1p64, 0x1p64, 0x1p64});
  }
}
