#include "base/printable.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "base/failure.hpp"
#include "base/printable_error.hpp"
#include "support/catch.hpp"

using namespace concdemo;
using namespace std::string_literals;

TEST_CASE("what a terminal would act upon is shown escaped, the rest stays") {
  const std::pair<std::string, const char*> cases[] = {
      {"plain ~ text", "plain ~ text"},
      {"é 日本語 😀 \xc2\xa0", "é 日本語 😀 \xc2\xa0"},
      {"a\nconcdemo: forged\r\n", "a\\nconcdemo: forged\\r\\n"},
      {"\x1b[2J\x1b]52;c;x\a\b\t\x7f", "\\x1b[2J\\x1b]52;c;x\\x07\\x08\\t\\u007f"},
      {"a\0b"s, "a\\x00b"},
      {"\xc2\x9b[2J\xc2\x85", "\\u009b[2J\\u0085"},                             // C1: an escape of 8 bits, a new line
      {"\xe2\x80\xae x\xe2\x81\xa6 \xe2\x80\xa8", "\\u202e x\\u2066 \\u2028"},  // reversed, isolated, line separator
      {"a\xe2\x80\x8b\xef\xbb\xbf"
       "b\xc2\xad",
       "a\\u200b\\ufeffb\\u00ad"},             // of no width
      {"\xf3\xa0\x81\x81", "\\udb40\\udc41"},  // a tag, which nobody sees
      {"caf\xe9 \xff", "caf\\xe9 \\xff"},      // Latin-1
      {"\xc3", "\\xc3"},
      {"\xe2\x82", "\\xe2\\x82"},  // cut off
      {"\xc0\x8a \xe0\x80\x8a \xf0\x80\x80\x8a",
       "\\xc0\\x8a \\xe0\\x80\\x8a \\xf0\\x80\\x80\\x8a"},                                          // overlong newlines
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                                                          // half of a pair
      {"\xf4\x90\x80\x80 \xf8\x88\x80\x80\x80", "\\xf4\\x90\\x80\\x80 \\xf8\\x88\\x80\\x80\\x80"},  // beyond Unicode
      {"\\x1b \\n", "\\x1b \\n"},
      {"", ""},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(expected);
    CHECK(printable(text) == expected);
    CHECK(printable(printable(text)) == expected);
    CHECK(printable_lines("ours:\n  " + printable(text)) == "ours:\n  "s + expected);
  }
  CHECK(printable_lines("a\n\rb") == "a\n\\rb");
}

TEST_CASE("every code is one well-formed character") {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string text;
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) text += static_cast<char>(code);
    else if (code < 0x800) text += static_cast<char>(0xc0 | code >> 6), tail(0);
    else if (code < 0x10000) text += static_cast<char>(0xe0 | code >> 12), tail(6), tail(0);
    else text += static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0);
    const Character found = character_at(text, 0);
    const bool is_right = found.is_well_formed && found.code == code && found.bytes == text.size() &&
                          found.is_printable == (printable(text) == text);
    if (!is_right) FAIL("U+" << std::hex << static_cast<unsigned>(code));
  }
}

TEST_CASE("an error has lines of its own alone") {
  const std::string forged = "a\nconcdemo: forged\x1b";
  CHECK(attempt([&] { throw usage_error(forged); }).text == "a\\nconcdemo: forged\\x1b");
  CHECK(usage_error("holds:", {forged, "b"}).what() == "holds:\n  a\\nconcdemo: forged\\x1b\n  b"s);
  CHECK(attempt([&] { throw std::runtime_error(forged); }).text == "a\\nconcdemo: forged\\x1b");
  CHECK(attempt([&] { throw usage_error("holds:", {"a", "b"}); }).text == "holds:\n  a\n  b");
}
