#include "kernels/fletcher32.hpp"

#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

using Bytes = std::vector<std::byte>;

// By the definition, a word at a time, each sum folded into 16 bits at once: 0 stays 0, every other multiple of 65535
// becomes 65535.
std::uint32_t reference(const Bytes& bytes) {
  const auto folded = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::uint32_t plain = 0, weighted = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto low = i + 1 < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + 1]) : 0;
    plain = folded(plain + (std::to_integer<std::uint32_t>(bytes[i]) << 8 | low));
    weighted = folded(weighted + plain);
  }
  return weighted << 16 | plain;
}

std::uint32_t of_text(const std::string& text) { return fletcher32(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("fletcher32 is what HDF5 stores") {
  CHECK(of_text("a") == 0x61006100);
  CHECK(of_text("abcde") == 0x4ff029c7);
  CHECK(of_text("abcdef") == 0x50562a2d);
  CHECK(of_text(std::string(3, '\0')) == 0x00000000);
  CHECK(of_text(std::string(4, '\xff')) == 0xffffffff);
  CHECK(of_text("The quick brown fox jumps over the lazy dog") == 0xcd538d5b);
}

TEST_CASE("fletcher32 of any bytes of any length at any place is the sum of words, one by one") {
  std::mt19937 random(17);
  const auto check = [](const Bytes& bytes) {
    if (fletcher32(bytes) != reference(bytes)) FAIL("of " << bytes.size() << " bytes");
  };
  for (std::size_t n = 0; n < 700; ++n) {
    Bytes bytes(n);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    check(bytes);
  }
  for (const std::size_t n : {16383, 16384, 16385, 16448, 100001, 3000000}) {
    Bytes bytes(n);
    check(bytes);  // 0, not 65535
    bytes.assign(n, std::byte{0xff});
    check(bytes);  // the largest sums
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    check(bytes);
    const Bytes tail(bytes.begin() + 1, bytes.end());
    CHECK(fletcher32(std::span(bytes).subspan(1)) == reference(tail));
    for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
      const std::uint32_t before = fletcher32(bytes);
      bytes[at] ^= std::byte{0x10};
      CHECK(fletcher32(bytes) != before);
    }
  }
}
