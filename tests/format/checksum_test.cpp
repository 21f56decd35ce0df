#include "format/checksum.hpp"

#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

std::vector<double> numbers(std::size_t count) {
  std::mt19937_64 random(7);
  std::vector<double> values(count);
  for (auto& value : values) value = static_cast<double>(random()) - 9e18;
  return values;
}

}  // namespace

TEST_CASE("a checksum is the same however the elements are split") {
  const auto data = numbers(3 * block_elements + 5);
  std::vector<std::uint64_t> whole(block_count(data.size() + 1000));
  add_block_checksums(1000, data, whole);
  std::mt19937_64 random(8);
  std::vector<std::uint64_t> parts(whole.size());
  for (std::size_t at = 0; at < data.size();) {
    const auto length = std::min<std::size_t>(random() % 100000, data.size() - at);
    add_block_checksums(1000 + at, std::span(data).subspan(at, length), parts);
    at += length;
  }
  CHECK(whole == parts);
  CHECK(whole[0] == checksum(1000, std::span(data).first(block_elements - 1000)));
}

TEST_CASE("a checksum notices every flipped bit, a swap, a move and lost pages") {
  auto data = numbers(512);
  data[3] = 0.0;
  data[4] = std::numeric_limits<double>::quiet_NaN();
  const auto right = checksum(0, data);
  for (std::size_t bit = 0; bit < data.size() * 64; ++bit) {
    std::uint64_t word = 0;
    std::memcpy(&word, &data[bit / 64], sizeof word);
    word ^= std::uint64_t{1} << (bit % 64);
    auto flipped = data;
    std::memcpy(&flipped[bit / 64], &word, sizeof word);
    REQUIRE(checksum(0, flipped) != right);
  }
  auto swapped = data;
  std::swap(swapped[10], swapped[11]);
  CHECK(checksum(0, swapped) != right);
  CHECK(checksum(1, data) != right);
  const std::vector<double> zeros(512);
  CHECK(checksum(0, zeros) != checksum(512, zeros));
  CHECK(checksum(0, zeros) != 0);
}

TEST_CASE("a checksum of bytes pads the last word and depends on the place") {
  const std::vector<std::byte> bytes(13, std::byte{1});
  const std::span all(bytes);
  CHECK(checksum_bytes(8, all) == checksum_bytes(8, all.first(8)) + checksum_bytes(16, all.subspan(8)));
  CHECK(checksum_bytes(0, all) != checksum_bytes(8, all));
  CHECK(checksum_bytes(0, all) != checksum_bytes(0, all.first(12)));
  CHECK(checksum_bytes(0, all.first(0)) == 0);
}

// The format's definition: files written earlier must stay verifiable.
TEST_CASE("checksums have the values they always had") {
  const std::vector<double> data{1.0, -2.5, 0.0};
  CHECK(checksum(5, data) == 0xe485b79f65aaeb4b);
}
