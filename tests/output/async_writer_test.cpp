#include "output/async_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <string>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "format/checksum.hpp"
#include "support/catch.hpp"
#include "system/files.hpp"

using namespace concdemo;

namespace {

// A file that goes when it is closed.
files::Descriptor unnamed_file() {
  auto path = (std::filesystem::temp_directory_path() / "concdemo-test-XXXXXX").string();
  files::Descriptor file(::mkstemp(path.data()));
  REQUIRE(file.valid());
  ::unlink(path.c_str());
  return file;
}

std::vector<double> ramp(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = 0.5 * static_cast<double>(i);
  return values;
}

void submit_all(AsyncWriter& writer, std::span<const double> data) {
  for (std::size_t at = 0, length = 1; at < data.size(); at += length, length = 2 * length + 1) {
    length = std::min(length, data.size() - at);
    writer.submit(1, at, data.subspan(at, length));
  }
}

}  // namespace

TEST_CASE("everything submitted is in the file after drain, with its checksums, for any ring and writer") {
  const auto data = ramp(2 * block_elements + 100);
  std::vector<std::uint64_t> sums(block_count(data.size()));
  add_block_checksums(0, data, sums);
  for (const bool async : {true, false}) {
    for (const int depth : {0, 1, 4}) {
      const auto file = unnamed_file();
      WriterOptions options;
      options.async = async;
      options.ring_depth = depth;
      AsyncWriter writer(file.get(), {{0, 0}, {4096, data.size()}}, options);
      submit_all(writer, data);
      CHECK(writer.drain().error == 0);
      CHECK(writer.elements(0) == 0);
      CHECK(writer.elements(1) == data.size());
      CHECK((writer.sums(1) == sums));
      std::vector<double> stored(data.size());
      std::size_t got = 0;
      CHECK(files::read_all(file.get(), std::as_writable_bytes(std::span(stored)), 4096, got) == 0);
      CHECK((stored == data));
      CHECK(writer.busy_s() > 0);
    }
  }
}

TEST_CASE("rows that lie apart in the file, with the checksums of the whole") {
  const std::size_t rows = 700, width = 411;
  const auto data = ramp(rows * width);
  std::vector<std::uint64_t> sums(block_count(data.size()));
  add_block_checksums(0, data, sums);
  const auto file = unnamed_file();
  AsyncWriter writer(file.get(), {{4096, data.size()}}, {});
  std::vector<std::vector<double>> parts;  // of columns
  for (const auto& [first, columns] : {std::pair<std::size_t, std::size_t>{0, 200}, {200, 1}, {201, 210}}) {
    parts.emplace_back();
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) parts.back().push_back(data[i * width + first + j]);
    }
  }
  writer.submit_rows(0, 0, width, 200, parts[0]);
  writer.submit_rows(0, 200, width, 1, parts[1]);
  writer.submit_rows(0, 201, width, 210, parts[2]);
  CHECK(writer.drain().error == 0);
  CHECK(writer.elements(0) == data.size());
  CHECK((writer.sums(0) == sums));
  std::vector<double> stored(data.size());
  std::size_t got = 0;
  CHECK(files::read_all(file.get(), std::as_writable_bytes(std::span(stored)), 4096, got) == 0);
  CHECK((stored == data));
  CHECK_THROWS_AS(writer.submit_rows(0, 202, width, 210, parts[2]), Error);  // one element beyond the end
  CHECK_THROWS_AS(writer.submit_rows(0, 0, 199, 200, parts[0]), Error);      // rows that overlap
  CHECK_THROWS_AS(writer.submit_rows(0, 0, width, 201, parts[0]), Error);    // not whole rows
}

TEST_CASE("a writer that goes away with work left neither hangs nor touches the data again") {
  const auto file = unnamed_file();
  for (int i = 0; i < 20; ++i) {
    const auto data = ramp(100000);
    AsyncWriter writer(file.get(), {{0, 0}, {0, data.size()}}, {});
    submit_all(writer, data);
  }
}

TEST_CASE("after a failed write the rest is dropped, the ring stays open and the first failure is told") {
  files::Descriptor full;
  REQUIRE(files::open("/dev/full", O_WRONLY, full) == 0);
  const auto data = ramp(10000);
  WriterOptions options;
  options.ring_depth = 1;
  AsyncWriter writer(full.get(), {{0, 0}, {512, data.size()}}, options);
  submit_all(writer, data);
  const auto failure = writer.drain();
  CHECK(failure.error == ENOSPC);
  CHECK(failure.offset == 512);
  CHECK(writer.elements(1) == 0);
  CHECK_THROWS_AS(writer.submit(1, 9999, std::span(data).first(2)), Error);
  CHECK_THROWS_AS(writer.submit(1, 10001, std::span(data).first(0)), Error);
}

TEST_CASE("while a writer is drained, it tells how many bytes are left") {
  const auto file = unnamed_file();
  const auto data = ramp(1 << 17);
  AsyncWriter writer(file.get(), {{0, data.size()}}, {});
  std::latch is_told(1);
  tally::begin(0, tally::Unit::none);
  writer.thread().put([&] { is_told.wait(); });  // nothing is written before drain() has told
  writer.submit(0, 0, data);
  std::string first;
  {
    const std::jthread watcher([&] {
      while ((first = tally::text()).empty()) std::this_thread::yield();
      is_told.count_down();
    });
    CHECK(writer.drain().error == 0);
  }
  CHECK(first == "0 B of 1 MiB");
  CHECK(tally::text() == "1 MiB of 1 MiB");
  tally::begin(0, tally::Unit::none);
}
