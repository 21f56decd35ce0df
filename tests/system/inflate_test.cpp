#include "system/inflate.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/zlib_stream.hpp"

using namespace concdemo;
using test::Bytes;

namespace {

Bytes random_bytes(std::size_t n) {
  std::mt19937 random(17);
  Bytes bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// "0,1,4,9,...,6241" as zlib's level 9 packs it, in dynamic codes.
const std::string squares_deflated =
    "78da158f4102003104033fe450a4bafeffb19d9cb4444c4e64283672a26ef4843646f165e43991459598a2582468ea52bf8d2ea1671b9d44"
    "fd14b736ee9b1874437dfc1ffd8ff9a2dbb12f8b7970c8c42aed998579b6afc8e7aeef8e01c6240fa2fc640608eb98224d5c67a3fa284a27"
    "2163a3c6afe7dee7e9a26b6f34fe8686bcf16be1dcbed18f6bfd71b717021d58642a357c12a41a98f59cd631ee21cf4d076e276612d799ef"
    "f36be9cd61ca56fe9c70452c";

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("a zlib stream gives its bytes: stored, in fixed and in dynamic codes, whatever follows it") {
  REQUIRE(can_inflate());
  for (const std::size_t n : {0, 1, 100, 65535, 65536, 200000}) {
    const Bytes bytes = random_bytes(n);
    Bytes stream = test::zlib_stored(bytes);
    for (const std::size_t more : {0, 1, 1000}) {
      stream.resize(stream.size() + more, std::byte{0xff});
      Bytes out(n + more);
      const Inflated result = inflate(stream, out);
      CHECK(result.outcome == InflateOutcome::whole);
      CHECK(result.bytes == n);
      out.resize(n);
      CHECK(out == bytes);
    }
  }
  Bytes zeros(1 + 258 * 1000, std::byte{1});
  CHECK(inflate(test::zlib_zeros(1000), zeros).bytes == zeros.size());
  CHECK(zeros == Bytes(zeros.size()));

  std::string squares = "0";
  for (int i = 1; i < 80; ++i) squares += "," + std::to_string(i * i);
  std::string out(squares.size(), '?');
  CHECK(inflate(from_hex(squares_deflated), std::as_writable_bytes(std::span(out))).outcome == InflateOutcome::whole);
  CHECK(out == squares);
}

TEST_CASE("a stream that holds more than there is room for says so and writes nothing beyond it") {
  for (const std::size_t room : {0, 1, 258, 4096, 258 * 5000}) {
    Bytes out(room + 64, std::byte{7});
    CHECK(inflate(test::zlib_zeros(5000), std::span(out).first(room)).outcome == InflateOutcome::too_long);
    CHECK(Bytes(out.end() - 64, out.end()) == Bytes(64, std::byte{7}));
  }
  const Bytes bytes = random_bytes(1000);
  Bytes out(999);
  CHECK(inflate(test::zlib_stored(bytes), out).outcome == InflateOutcome::too_long);
}

// Adler-32 does not see every turned bit: 1 of 2528 gives other bytes of the same sum where cubes are packed, in any
// decompressor. None of this stream does.
TEST_CASE("a stream that is cut off anywhere is not whole, nor is one with any bit turned or a wrong sum") {
  const Bytes whole = from_hex(squares_deflated);
  Bytes right(353), out(353);
  REQUIRE(inflate(whole, right).outcome == InflateOutcome::whole);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    if (inflate(std::span(whole).first(n), out).outcome == InflateOutcome::whole) FAIL("cut at " << n);
  }
  int too_long = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    Bytes turned = whole;
    turned[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const Inflated result = inflate(turned, out);
    if (result.outcome == InflateOutcome::too_long) ++too_long;
    // Bits that fill up the last byte before the checksum mean nothing.
    const bool same = std::equal(right.begin(), right.end(), out.begin());
    if (result.outcome == InflateOutcome::whole && !same) FAIL("bit " << bit);
  }
  CHECK(too_long > 0);
  Bytes wrong_sum = test::zlib_stored(right);
  wrong_sum.back() ^= std::byte{1};
  CHECK(inflate(wrong_sum, right).outcome == InflateOutcome::damaged);
}

TEST_CASE("threads inflate beside one another, and one after a damaged stream") {
  const Bytes bytes = random_bytes(50000), good = test::zlib_stored(bytes);
  Bytes bad = good;
  bad[30000] ^= std::byte{1};
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (int& each : right) {
    threads.emplace_back([&] {
      Bytes out(bytes.size());
      for (int i = 0; i < 50; ++i) {
        const bool found = inflate(bad, out).outcome == InflateOutcome::damaged;
        each += found && inflate(good, out).outcome == InflateOutcome::whole && out == bytes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>(4, 50));
}
