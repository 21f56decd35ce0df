#include "system/hdf5_write.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;

namespace {

class Scratch {
 public:
  Scratch() {
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/skeleton.h5"; }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "concdemo-test-XXXXXX").string();
};

// Leaves freed memory full of `value`, which shows where HDF5 writes bytes it never set.
void dirty_heap(int value) {
  std::mt19937 random(static_cast<unsigned>(value));
  std::vector<void*> blocks;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t bytes = 16 + random() % 9000;
    blocks.push_back(std::malloc(bytes));
    std::memset(blocks.back(), value, bytes);
  }
  for (void* block : blocks) std::free(block);
}

std::string bytes_of_skeleton(std::uint64_t user_bytes) {
  const std::vector<DatasetSpec> datasets{{"large", {300, 1000}, {"row", "column"}, {{"units", "m"}, {"scale", 0.5}}},
                                          {"group/inner", {1000}, {"column"}, {}},
                                          {"scalar", {}, {}, {{"count", std::int64_t{7}}}},
                                          {"nothing", {0}, {"none"}, {}},
                                          {"time", {9}, {"time"}, {}},
                                          {"at_time", {9, 2}, {"time", "pair"}, {{"long", std::string(70000, 'h')}}}};
  const Scratch scratch;
  const std::vector<hdf5::TableSpec> tables{{"large", {3}}, {"group/inner", {1}}, {"nothing", {0}}, {"rows", {2, 64}}};
  const auto skeleton = hdf5::write_skeleton(scratch.path(), user_bytes, datasets, tables,
                                             {{"Conventions", "CF-1.8"}, {"empty", ""}}, 512);
  std::ifstream file(scratch.path(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK(bytes.size() == skeleton.file_bytes);
  CHECK(skeleton.data[0].bytes == 300 * 1000 * 8);
  CHECK(skeleton.data[0].offset % 4096 == 0);
  CHECK(skeleton.data[2].bytes == 8);
  CHECK(skeleton.data[3].bytes == 0);
  CHECK(skeleton.tables[0].bytes == 24);
  CHECK(skeleton.tables[2].bytes == 0);
  CHECK(skeleton.tables[3].bytes == 1024);
  CHECK(skeleton.tables[3].offset % 4096 == 0);
  for (const auto* places : {&skeleton.data, &skeleton.tables}) {
    for (const auto& place : *places) CHECK(place.offset + place.bytes <= bytes.size());
  }
  CHECK(bytes.substr(0, user_bytes) == std::string(user_bytes, '\0'));
  return bytes;
}

}  // namespace

TEST_CASE("a skeleton's bytes depend neither on the clock nor on what the heap held") {
  dirty_heap(0x55);
  const auto first = bytes_of_skeleton(4096);
  ::usleep(1100000);  // HDF5's times are whole seconds
  dirty_heap(0xaa);
  const bool same = bytes_of_skeleton(4096) == first;
  CHECK(same);
  const bool moved = bytes_of_skeleton(1 << 17) == first;
  CHECK_FALSE(moved);
}

TEST_CASE("datasets that contradict one another are usage errors") {
  const Scratch scratch;
  const auto code = [&](const std::vector<DatasetSpec>& datasets) {
    try {
      hdf5::write_skeleton(scratch.path(), 4096, datasets, {}, {});
    } catch (const Error& error) { return error.code; }
    return ExitCode::ok;
  };
  CHECK(code({{"a", {3}, {"x"}, {}}, {"b", {3}, {"x"}, {}}}) == ExitCode::ok);
  CHECK(code({{"a", {3}, {"x"}, {}}, {"b", {4}, {"x"}, {}}}) == ExitCode::usage);
  CHECK(code({{"a", {3}, {"x", "y"}, {}}}) == ExitCode::usage);
  CHECK(code({{"a", {std::uint64_t{1} << 62}, {}, {}}}) == ExitCode::usage);
  CHECK(code({{"a", {3}, {}, {}}, {"a", {3}, {}, {}}}) == ExitCode::system);
}
