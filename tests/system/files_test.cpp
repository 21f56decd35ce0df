#include "system/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "support/catch.hpp"

using namespace concdemo;

namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = (fs::temp_directory_path() / "concdemo-test-XXXXXX").string();
};

files::Descriptor opened(const std::string& path) {
  files::Descriptor file;
  REQUIRE(files::open(path, O_RDWR | O_CREAT, file) == 0);
  return file;
}

std::vector<std::byte> bytes_at(int file, std::uint64_t offset, std::size_t length) {
  std::vector<std::byte> bytes(length);
  std::size_t got = 0;
  REQUIRE(files::read_all(file, bytes, offset, got) == 0);
  bytes.resize(got);
  return bytes;
}

}  // namespace

TEST_CASE("what is written at an offset is read there, as far as the file goes") {
  const Folder folder;
  const auto file = opened(folder / "a");
  const std::vector<std::byte> bytes(1000, std::byte{7});
  CHECK(files::write_all(file.get(), bytes, 5000) == 0);
  CHECK(bytes_at(file.get(), 5000, 1000) == bytes);
  CHECK(bytes_at(file.get(), 5900, 1000).size() == 100);
  CHECK(bytes_at(file.get(), 6000, 10).empty());
  CHECK(bytes_at(file.get(), ~std::uint64_t{0}, 10).empty());
  CHECK(files::write_all(file.get(), bytes, ~std::uint64_t{0}) == EFBIG);
  CHECK(files::write_all(-1, bytes, 0) == EBADF);
  CHECK(files::write_all(-1, {}, 0) == 0);
}

TEST_CASE("a full device is an error number, not a loop") {
  files::Descriptor full;
  REQUIRE(files::open("/dev/full", O_WRONLY, full) == 0);
  CHECK(files::write_all(full.get(), std::vector<std::byte>(10), 0) == ENOSPC);
  std::uint64_t bytes = 0;
  CHECK(files::size_of(full.get(), bytes) != 0);
}

TEST_CASE("a sparse copy has the same bytes and keeps the holes") {
  const Folder folder;
  const auto from = opened(folder / "from");
  const auto to = opened(folder / "to");
  constexpr std::uint64_t length = 64 << 20;
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1 << 20}, length - 3}) {
    const std::array mark{std::byte{1}, std::byte{2}, std::byte{3}};
    REQUIRE(files::write_all(from.get(), mark, at) == 0);
  }
  REQUIRE(files::resize(to.get(), length) == 0);
  CHECK(files::copy_sparse(from.get(), to.get(), 1, length) == 0);
  CHECK((bytes_at(from.get(), 1, length) == bytes_at(to.get(), 1, length)));
  CHECK(bytes_at(to.get(), 0, 1) == std::vector(1, std::byte{0}));
  struct stat status {};
  REQUIRE(::stat((folder / "to").c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < (1 << 20));
}

TEST_CASE("space is reserved, sizes are set, and impossible ones refused") {
  const Folder folder;
  const auto file = opened(folder / "a");
  CHECK(files::resize(file.get(), 100) == 0);
  std::uint64_t bytes = 0;
  CHECK(files::size_of(file.get(), bytes) == 0);
  CHECK(bytes == 100);
  bool reserved = false;
  CHECK(files::reserve(file.get(), 0, reserved) == 0);
  CHECK(reserved);
  CHECK(files::resize(file.get(), ~std::uint64_t{0}) == EFBIG);
  CHECK(files::reserve(file.get(), ~std::uint64_t{0}, reserved) == EFBIG);
  CHECK_FALSE(reserved);
  CHECK(files::free_bytes(folder / "").value_or(1) > 0);
  CHECK_FALSE(files::free_bytes(folder / "none").has_value());
}

TEST_CASE("a lock excludes a second opener until it is closed") {
  const Folder folder;
  auto first = opened(folder / "a");
  const auto second = opened(folder / "a");
  CHECK(files::lock(first.get()) == 0);
  CHECK(files::lock(second.get()) == EWOULDBLOCK);
  CHECK(first.close() == 0);
  CHECK(first.close() == 0);
  CHECK(files::lock(second.get()) == 0);
}

TEST_CASE("the folder of a path") {
  CHECK(files::folder_of("out.h5") == ".");
  CHECK(files::folder_of("a/b/out.h5") == "a/b");
  CHECK(files::folder_of("/out.h5") == "/");
  CHECK(files::sync_folder(fs::temp_directory_path().string()) == 0);
  CHECK(files::sync_folder("/none/such") == ENOENT);
}
