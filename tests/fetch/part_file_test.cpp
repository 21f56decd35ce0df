#include "fetch/part_file.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/failure.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"
#include "system/http.hpp"

using namespace concdemo;
using namespace concdemo::fetch;

namespace {

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string message_of(const std::function<void()>& call) { return attempt(call).text; }

// Temporary ones.
std::ptrdiff_t parts_in(const test::Folder& folder) {
  return std::count_if(std::filesystem::directory_iterator(folder.path), {}, [](const auto& entry) {
    return entry.path().filename().string().find(".concdemo-") != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a file appears whole under its name, and not before") {
  const test::Folder folder;
  Unfinished unfinished;
  {
    PartFile file(folder.path, "a", false, unfinished);
    file.begin();
    file.write(bytes("the first attempt"));
    CHECK(parts_in(folder) == 1);
    file.begin();  // from the start again
    file.write(bytes("the sec"));
    file.write(bytes("ond"));
    CHECK(file.bytes() == 10);
    file.sync();
    CHECK_FALSE(folder.has("a"));
    file.publish(false);
  }
  CHECK(folder.read("a") == "the second");
  CHECK(parts_in(folder) == 0);
}

TEST_CASE("what is not published goes, and another's file is left alone") {
  const test::Folder folder;
  Unfinished unfinished;
  folder.write("a", "older");
  folder.write("a.part", "another's");
  {
    PartFile file(folder.path, "a", false, unfinished);
    file.begin();
    file.write(bytes("new"));
    PartFile second(folder.path, "a", false, unfinished);
    second.begin();
    CHECK(parts_in(folder) == 2);
    CHECK(message_of([&] { file.publish(false); }).find("--force") != std::string::npos);
  }
  CHECK(folder.read("a") == "older");
  {
    PartFile file(folder.path, "a", false, unfinished);
    file.begin();
    file.publish(true);
  }
  CHECK(folder.read("a").empty());
  CHECK(parts_in(folder) == 0);
  CHECK(folder.read("a.part") == "another's");
  PartFile nowhere(folder.path + "/none", "a", false, unfinished);
  CHECK(message_of([&] { nowhere.begin(); }).find("No such file") != std::string::npos);
}

TEST_CASE("a hash is of the last attempt alone") {
  if (!http::available()) return;  // OpenSSL comes with it
  const test::Folder folder;
  Unfinished unfinished;
  PartFile file(folder.path, "a", true, unfinished);
  file.begin();
  file.write(bytes("other"));
  file.begin();
  file.write(bytes("abc"));
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(file.sha256() == abc);
  file.publish(false);
  CHECK(sha256_of_file(folder.path + "/a") == abc);
  CHECK_FALSE(sha256_of_file(folder.path + "/b"));
}

TEST_CASE("a signal's clean-up removes what is unfinished, and that only") {
  const test::Folder folder;
  // Locked for ever by remove_all, as when the process ends: they must not be destroyed.
  static auto* const unfinished = new Unfinished;
  static auto* const done = new PartFile(folder.path, "done", false, *unfinished);
  static auto* const going = new PartFile(folder.path, "going", false, *unfinished);
  done->begin();
  going->begin();
  done->publish(false);
  unfinished->remove_all();
  CHECK(folder.has("done"));
  CHECK(parts_in(folder) == 0);
}

TEST_CASE("what a killed process left goes, what a living one writes and what others named stays") {
  const test::Folder folder;
  Unfinished unfinished;
  PartFile going(folder.path, "a", false, unfinished);
  going.begin();
  folder.write("a.concdemo-0123abcd.part", "left");
  const std::vector<std::string> others{"a.concdemo-0123abc.part",
                                        "a.concdemo-0123ABCD.part",
                                        ".concdemo-0123abcd.part",
                                        "a.concdemo-0123abcd.parts",
                                        "a.part",
                                        "linked.concdemo-0123abcd.part"};
  for (const auto& name : others) folder.write(name, "another's");
  std::filesystem::create_hard_link(folder.path + "/" + others.back(), folder.path + "/b");
  std::filesystem::create_symlink("b", folder.path + "/link.concdemo-0123abcd.part");
  remove_left_parts(folder.path);
  CHECK_FALSE(folder.has("a.concdemo-0123abcd.part"));
  for (const auto& name : others) CHECK(folder.read(name) == "another's");
  CHECK(folder.has("link.concdemo-0123abcd.part"));
  going.publish(false);
  remove_left_parts(folder.path + "/none");
}
