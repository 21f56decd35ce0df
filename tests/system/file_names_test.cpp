#include "system/file_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace concdemo;

namespace fs = std::filesystem;

namespace {

struct Folder : test::Folder {
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};

files::Descriptor opened(const std::string& path) {
  files::Descriptor file;
  REQUIRE(files::open(path, O_RDWR | O_CREAT, file) == 0);
  return file;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a file is created where nothing stands, with its first bytes, or not at all") {
  const Folder folder;
  const std::string text = "begins so";
  files::Descriptor file;
  const auto mask = ::umask(027);
  CHECK(files::create(folder / "a", text, file) == 0);
  ::umask(mask);
  CHECK(folder.read("a") == text);
  CHECK(mode_of(folder / "a") == 0640);
  CHECK(files::is_at(file.get(), folder / "a"));
  fs::create_symlink("nowhere", folder / "link");
  fs::create_directory(folder / "below");
  for (const char* name : {"a", "link", "below"}) {
    files::Descriptor none;
    CHECK(files::create(folder / name, text, none) == EEXIST);
    CHECK_FALSE(none.valid());
  }
  CHECK_FALSE(folder.has("nowhere"));
  CHECK(folder.read("a") == text);
  CHECK(files::create(folder / "none/a", text, file) == ENOENT);
}

TEST_CASE("only the very file is removed") {
  const Folder folder;
  const auto a = opened(folder / "a");
  fs::rename(folder / "a", folder / "b");
  folder.write("a", "another's");
  CHECK(files::remove(a.get(), folder / "a") == 0);
  CHECK(folder.read("a") == "another's");
  CHECK(files::remove(a.get(), folder / "b") == 0);
  CHECK_FALSE(folder.has("b"));
}

TEST_CASE("rename keeps what is there unless told to replace it") {
  const Folder folder;
  const auto a = opened(folder / "a");
  CHECK(files::rename(folder / "a", folder / "b", false) == 0);
  CHECK(files::is_at(a.get(), folder / "b"));
  const auto other = opened(folder / "a");
  CHECK(files::rename(folder / "a", folder / "b", false) == EEXIST);
  CHECK(files::is_at(a.get(), folder / "b"));
  CHECK(files::rename(folder / "a", folder / "b", true) == 0);
  CHECK(files::is_at(other.get(), folder / "b"));
  CHECK(files::rename(folder / "none", folder / "b", true) == ENOENT);
}

TEST_CASE("permissions are kept, but not those to run as somebody else") {
  const Folder folder;
  const auto to = opened(folder / "to");
  folder.write("old", "");
  for (const mode_t mode : {0600, 0444, 0666, 0751}) {
    REQUIRE(::chmod((folder / "old").c_str(), mode | S_ISUID) == 0);
    files::keep_permissions(folder / "old", to.get());
    CHECK(mode_of(folder / "to") == mode);
    files::keep_permissions(folder / "old", to.get(), 0600);
    CHECK(mode_of(folder / "to") == (mode | 0600));
  }
  if (::setxattr((folder / "old").c_str(), "user.note", "x", 1, 0) == 0) {
    files::keep_permissions(folder / "old", to.get());
    CHECK(::getxattr((folder / "to").c_str(), "user.note", nullptr, 0) == 1);
  }
  const auto before = mode_of(folder / "to");
  fs::create_symlink("old", folder / "link");
  for (const char* name : {"none", "link", "."}) files::keep_permissions(folder / name, to.get());
  CHECK(mode_of(folder / "to") == before);
}

TEST_CASE("whose a file is") {
  const Folder folder;
  folder.write("a", "");
  CHECK(files::is_own(folder / "a"));
  CHECK_FALSE(files::is_own(folder / "none"));
  REQUIRE(::chmod(folder.path.c_str(), 01777) == 0);
  CHECK_FALSE(files::is_kept(folder / "a"));
  CHECK_FALSE(files::is_kept(folder / "none"));
  if (::geteuid() == 0) {
    REQUIRE(::chown((folder / "a").c_str(), 65534, 65534) == 0);
    CHECK_FALSE(files::is_own(folder / "a"));
    CHECK_FALSE(files::is_kept(folder / "a"));  // nothing is, from root
  }
}
