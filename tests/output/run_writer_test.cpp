#include "output/run_writer.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

// A file of `bytes` zeros in `folder` that goes when it is closed.
files::Descriptor unnamed_file(const std::filesystem::path& folder, std::uint64_t bytes) {
  auto path = (folder / "concdemo-test-XXXXXX").string();
  files::Descriptor file(::mkstemp(path.data()));
  REQUIRE(file.valid());
  ::unlink(path.c_str());
  REQUIRE(files::resize(file.get(), bytes) == 0);
  return file;
}

std::vector<std::byte> content(int file, std::uint64_t bytes) {
  std::vector<std::byte> found(bytes);
  std::size_t got = 0;
  REQUIRE(files::read_all(file, found, 0, got) == 0);
  REQUIRE(got == bytes);
  return found;
}

std::vector<std::byte> noise(std::size_t bytes, unsigned seed) {
  std::vector<std::byte> data(bytes);
  std::mt19937_64 random(seed);
  for (auto& byte : data) byte = static_cast<std::byte>(random());
  return data;
}

// Writes data[begin, end) at its place, in parts of `part` bytes.
int write_range(RunWriter& writer, const std::vector<std::byte>& data, std::size_t begin, std::size_t end,
                std::size_t part) {
  std::vector<iovec> parts;
  for (std::size_t at = begin; at < end; at += part)
    parts.push_back({const_cast<std::byte*>(data.data()) + at, std::min(part, end - at)});
  return writer.write(parts, begin);
}

}  // namespace

TEST_CASE("runs of any place, length and parts are in the file, past the page cache and through it") {
  constexpr std::size_t bytes = 12'345'678;
  const auto data = noise(bytes, 1);
  for (const bool buffered : {false, true}) {
    if (buffered) ::setenv("CONCDEMO_BUFFERED", "1", 1);
    for (const char* folder : {"/tmp", "/dev/shm", "."}) {
      if (!std::filesystem::is_directory(folder)) continue;
      INFO(folder << (buffered ? ", buffered" : ""));
      const auto file = unnamed_file(folder, bytes);
      RunWriter writer(file.get());
      std::mt19937_64 random(7);
      std::vector<std::size_t> cuts{0, bytes};
      for (const std::size_t usual : {4096, 8192, 81920, 65536 + 4096 * 3, 1 << 20}) cuts.push_back(usual);
      for (int i = 0; i < 30; ++i) cuts.push_back(random() % bytes);
      std::sort(cuts.begin(), cuts.end());
      std::vector<std::size_t> order(cuts.size() - 1);
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t i : order) {
        const std::size_t part = 1 + random() % (i % 2 == 0 ? 20'000 : bytes);
        REQUIRE(write_range(writer, data, cuts[i], cuts[i + 1], part) == 0);
      }
      CHECK((content(file.get(), bytes) == data));
    }
    ::unsetenv("CONCDEMO_BUFFERED");
  }
}

TEST_CASE("neighbours that share pages do not undo one another's writes") {
  constexpr std::size_t bytes = std::size_t{3} << 20;
  const auto data = noise(bytes, 2);
  const auto file = unnamed_file(".", bytes);
  // Each of two threads has every other run; a run ends within a page.
  const auto work = [&](std::size_t first) {
    RunWriter writer(file.get());
    for (std::size_t at = first * 100'001; at < bytes; at += 2 * 100'001)
      if (write_range(writer, data, at, std::min(bytes, at + 100'001), 16'384) != 0) std::abort();
  };
  for (int round = 0; round < 5; ++round) {
    REQUIRE(files::resize(file.get(), 0) == 0);
    REQUIRE(files::resize(file.get(), bytes) == 0);
    std::thread other(work, 1);
    work(0);
    other.join();
    REQUIRE((content(file.get(), bytes) == data));
  }
}

TEST_CASE("a run that the system cuts short is an error, and what came before it is in the file") {
  constexpr std::size_t bytes = std::size_t{1} << 20, most = 400'000;
  const auto data = noise(bytes, 3);
  const auto file = unnamed_file(".", 0);
  RunWriter writer(file.get());
  files::ignore_size_signal();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{most, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const int error = write_range(writer, data, 0, bytes, 16'384);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(error == EFBIG);
  CHECK((content(file.get(), most) == std::vector(data.begin(), data.begin() + most)));
}

TEST_CASE("a file opens past the page cache where that was measured, and takes whole pages there") {
  const auto file = unnamed_file(".", 8192);
  files::Descriptor direct;
  if (const int error = files::open_direct(file.get(), direct)) {
    CHECK(error == EOPNOTSUPP);
    WARN("SKIPPED: this folder is neither on ext4 nor on XFS");
    return;
  }
  CHECK((::fcntl(direct.get(), F_GETFL) & O_DIRECT) != 0);
  Array page(512);
  std::fill(page.span().begin(), page.span().end(), 0.25);
  const auto bytes = std::as_bytes(page.span());
  CHECK(files::write_some(direct.get(), bytes, 4096) == 4096);
  CHECK((content(file.get(), 8192) == [&] {
    std::vector<std::byte> expected(4096);
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    return expected;
  }()));
}
