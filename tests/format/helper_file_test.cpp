#include "format/helper_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"
#include "support/message.hpp"

using namespace concdemo;
using test::contains;

namespace fs = std::filesystem;

namespace {

const std::string mark = "the mark of this test\n";

std::string why_foreign(int file) { return bears(file, mark) ? "" : "it has no mark"; }

// "": taken; else the message.
std::string refusal(const std::string& path) {
  return test::message_of(ExitCode::usage, [&] { open_helper(path, O_RDWR, why_foreign); });
}

}  // namespace

TEST_CASE("a mark is known whole, or torn by a power cut and nothing else") {
  const test::Folder folder;
  const auto bears_it = [&](const std::string& contents) {
    folder.write("a", contents);
    files::Descriptor file;
    REQUIRE(files::open(folder.path + "/a", O_RDONLY, file) == 0);
    return bears(file.get(), mark);
  };
  CHECK(bears_it(mark));
  CHECK(bears_it(mark + "and more"));
  CHECK(bears_it(""));
  CHECK(bears_it(std::string(mark.size(), '\0')));
  CHECK(bears_it(mark.substr(0, 10)));
  CHECK(bears_it(mark.substr(0, 10) + std::string(mark.size() - 10, '\0')));
  CHECK_FALSE(bears_it(std::string(mark.size() + 1, '\0')));
  CHECK_FALSE(bears_it(mark.substr(0, 10) + std::string(mark.size(), '\0')));
  CHECK_FALSE(bears_it("the mark of that test\n"));
  CHECK_FALSE(bears_it("t!"));
}

TEST_CASE("what stands in a helper file's place is taken or named") {
  const test::Folder folder;
  const auto path = folder.path + "/a";
  CHECK_FALSE(open_helper(path, O_RDWR, why_foreign).valid());
  folder.write("a", mark);
  CHECK(refusal(path).empty());
  CHECK(open_helper(path, O_RDWR, why_foreign).valid());
  folder.write("a", "another's");
  CHECK(contains(refusal(path), path + " is in the way and not ours: it has no mark; move it away"));
  folder.write("a", mark);
  fs::create_hard_link(path, folder.path + "/b");
  CHECK(contains(refusal(path), "1 other name"));
  fs::remove(path);
  fs::create_symlink("b", path);
  CHECK(contains(refusal(path), "a symbolic link"));
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(contains(refusal(path), "a pipe"));
  fs::remove(path);
  fs::create_directory(path);
  CHECK(contains(refusal(path), "a folder"));
  CHECK(refusal(path + "/a").empty());
  CHECK(contains(refusal("/dev/null"), "a device"));
  CHECK(folder.read("b") == mark);
}
