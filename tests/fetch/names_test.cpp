#include "fetch/names.hpp"

#include "support/catch.hpp"

using namespace concdemo::fetch;

TEST_CASE("file names come from the URL's last segment and are harmless") {
  const struct {
    std::string path, name;
  } cases[] = {
      {"/a/data.csv", "data.csv"},
      {"/", "index"},
      {"", "index"},
      {"/a/", "index"},
      {"/a%20b.csv", "a b.csv"},
      {"/%D9%84%D8%A7%DB%81%D9%88%D8%B1", "\u0644\u0627\u06c1\u0648\u0631"},
      {"/100%", "100%"},
      {"/100%4", "100%4"},
      {"/%zz", "%zz"},
      {"/..", "_."},
      {"/.", "_"},
      {"/.bashrc", "_bashrc"},
      {"/%2e%2e", "_."},
      {"/-rf", "_rf"},
      {"/..%2f..%2fetc%2fpasswd", "_._.._etc_passwd"},
      {"/%2Fetc%2Fpasswd", "_etc_passwd"},
      {"/a%5cb", "a_b"},
      {"/a%00b%1b[31m%7f", "a_b_[31m_"},
      {"/%c2%9b%c2%a0", std::string("_\xc2\xa0")},    // C1 control, no-break space
      {"/%e2%80%aea", "_a"},                          // right-to-left override
      {"/%ff%c3%28", "__("},                          // not UTF-8
      {"/%c0%af%e0%80%af%ed%a0%80%f8", "_________"},  // overlong '/', surrogate, 5-byte form
      {"/%f0%9f%98%80%f4%90%80%80", std::string("\xf0\x9f\x98\x80____")},
      {"/" + std::string(300, 'x'), std::string(200, 'x')},
  };
  for (const auto& [path, name] : cases) {
    INFO(path);
    CHECK(file_name(path) == name);
    CHECK(is_harmless(file_name(path)));
  }
  // Cut between characters, not inside one.
  CHECK(file_name("/" + std::string(199, 'x') + "%c3%a9") == std::string(199, 'x'));
  for (const char* bad : {"", ".", "..", "a/b", "/etc/passwd", ".hidden", "-f", "a\nb"}) CHECK_FALSE(is_harmless(bad));
}
