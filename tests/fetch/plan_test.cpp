#include "fetch/plan.hpp"

#include <functional>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message.hpp"
#include "system/http.hpp"

using namespace concdemo;
using test::contains;
using namespace concdemo::fetch;

namespace {

const std::string hex(64, 'a');

std::string complaint(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code == ExitCode::usage);
    return error.what();
  }
  return "nothing";
}

std::string complaint_of_plan(const std::string& list) {
  return complaint([&] { make_plan(parse_list(list, "L")); });
}

}  // namespace

TEST_CASE("lists: a URL a line, its hash and name, comments") {
  const auto wishes = parse_list("# all of it\n\n  http://h/a  \nhttp://h/b sha256=" + std::string(64, 'A') +
                                     " # more\r\nhttp://h/c#part name=d sha256=" + hex,
                                 "my.list");
  REQUIRE(wishes.size() == 3);
  CHECK(wishes[0].url == "http://h/a");
  CHECK(wishes[0].where == "my.list:3");
  CHECK(wishes[1].sha256 == hex);
  CHECK(wishes[2].url == "http://h/c#part");
  CHECK(wishes[2].name == "d");
  CHECK(wishes[2].sha256 == hex);
  CHECK(parse_list("", "L").empty());
  CHECK(contains(complaint([] { parse_list("http://h/a\nhttp://h/b sha256=12", "L"); }), "L:2: '12' is not a SHA-256"));
  CHECK(contains(complaint([] { parse_list("http://h/a http://h/b", "L"); }), "L:1: 'http://h/b' behind the URL"));
}

TEST_CASE("a plan has no two of a kind, and its names are harmless") {
  if (!http::available()) return;
  const auto items = make_plan(parse_list("http://u:p@h/a.csv?x=1\nhttp://h/b name=c", "L"));
  REQUIRE(items.size() == 2);
  CHECK(items[0].shown == "http://h/a.csv?x=1");
  CHECK(items[0].url == "http://u:p@h/a.csv?x=1");
  CHECK(items[0].name == "a.csv");
  CHECK(items[1].name == "c");
  const std::string twice = complaint_of_plan("http://h/a\nhttp://H:80/a#top");
  CHECK(contains(twice, "the same URL twice: http://h/a and http://h/a"));
  const std::string same_name = complaint_of_plan("http://h/1/a\nhttp://h/2/a");
  CHECK(contains(same_name, "http://h/1/a and http://h/2/a would both be written as 'a'"));
  CHECK(complaint_of_plan("http://h/a\nhttp://h/a.part") == "nothing");
  CHECK(contains(complaint_of_plan("http://h/a name=../b"), "L:1: name=../b: a plain file name"));
  CHECK(contains(complaint_of_plan("http://h/a\nfile:///etc/passwd"),
                 "L:2: URL 'file:///etc/passwd': only http and https"));
}
