#include "system/sha256.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "system/http.hpp"

using namespace concdemo;

namespace {

std::string of(const std::string& text, std::size_t piece) {
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    hash.update(std::as_bytes(std::span(text)).subspan(at, std::min(piece, text.size() - at)));
  }
  return hash.finish();
}

}  // namespace

// FIPS 180-2, appendix B, and the empty message.
TEST_CASE("SHA-256 of the published vectors, in pieces of any size") {
  if (!http::available()) return;  // OpenSSL comes with it
  for (const std::size_t piece : {1, 3, 64, 1000, 2000000}) {
    CHECK(of("", piece) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(of("abc", piece) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", piece) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
  CHECK(of(std::string(1000000, 'a'), 4096) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
